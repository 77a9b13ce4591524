using System.Text;

namespace Tessera.Cuda.Driver;

/// <summary>Loaded code.</summary>
internal sealed unsafe class DriverModule : DriverHandle
{
    private const int LogBytes = 16 << 10;

    private DriverModule(DriverContext context, nint module)
        : base(context, module)
    {
    }

    /// <summary>Loads a cubin, or PTX that ends in a zero byte, which the driver then compiles.</summary>
    /// <exception cref="CudaException">The driver refused it; the message carries its log.</exception>
    public static DriverModule Load(DriverContext context, ReadOnlySpan<byte> image, string name)
    {
        using CurrentContext current = context.Enter();
        byte[] errors = new byte[LogBytes];
        fixed (byte* data = image)
        fixed (byte* log = errors)
        {
            JitOption* keys = stackalloc JitOption[2] { JitOption.ErrorLogBuffer, JitOption.ErrorLogBufferSizeBytes };
            void** values = stackalloc void*[2] { log, (void*)(nuint)LogBytes };
            DriverStatus status = DriverImports.ModuleLoadDataEx(out nint module, data, 2, keys, values);
            string text = Encoding.UTF8.GetString(errors.AsSpan(0, Math.Max(0, errors.AsSpan().IndexOf((byte)0)))).Trim();
            DriverCalls.Require(status, "cuModuleLoadDataEx", text.Length > 0 ? $"module {name}: {text}" : $"module {name}");
            return new DriverModule(context, module);
        }
    }

    /// <summary>Finds a kernel.</summary>
    public nint Function(string kernel)
    {
        DriverCalls.Require(DriverImports.ModuleGetFunction(out nint function, Value, kernel), "cuModuleGetFunction", $"kernel {kernel}");
        return function;
    }

    protected override DriverStatus Release() => DriverImports.ModuleUnload(Value);
}
