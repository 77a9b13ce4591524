using System.Runtime.InteropServices;
using System.Text;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;

namespace Tessera.Cuda.Emulation;

/// <summary>A built library of kernels: the calls of Native/interface.cpp. Loaded once per path and never unloaded.</summary>
public sealed unsafe class EmulatedKernels
{
    private const int MessageBytes = 1024;

    private readonly delegate* unmanaged<ulong, void*> _allocate;
    private readonly delegate* unmanaged<void*, int> _release;
    private readonly delegate* unmanaged<ulong, ulong, byte*, ulong, int> _check;
    private readonly delegate* unmanaged<void*, uint, uint, ulong, ulong*, ulong*, uint*, uint, int> _encodeMap;
    private readonly delegate* unmanaged<uint> _count;
    private readonly delegate* unmanaged<uint, KernelFacts*, void> _facts;
    private readonly delegate* unmanaged<byte*, long> _layout;
    private readonly delegate* unmanaged<byte*, uint, uint, uint, uint, uint, void*, ulong, ulong, uint, uint, byte*, ulong, int> _launch;

    /// <summary>Loads a library that <see cref="EmulationBuild"/> made.</summary>
    public EmulatedKernels(string path)
    {
        nint library = NativeLibrary.Load(path);
        _allocate = (delegate* unmanaged<ulong, void*>)NativeLibrary.GetExport(library, "tessera_emulation_allocate");
        _release = (delegate* unmanaged<void*, int>)NativeLibrary.GetExport(library, "tessera_emulation_release");
        _check = (delegate* unmanaged<ulong, ulong, byte*, ulong, int>)NativeLibrary.GetExport(library, "tessera_emulation_check");
        _encodeMap = (delegate* unmanaged<void*, uint, uint, ulong, ulong*, ulong*, uint*, uint, int>)
            NativeLibrary.GetExport(library, "tessera_emulation_encode_map");
        _count = (delegate* unmanaged<uint>)NativeLibrary.GetExport(library, "tessera_emulation_kernels");
        _facts = (delegate* unmanaged<uint, KernelFacts*, void>)NativeLibrary.GetExport(library, "tessera_emulation_kernel");
        _layout = (delegate* unmanaged<byte*, long>)NativeLibrary.GetExport(library, "tessera_emulation_layout");
        _launch = (delegate* unmanaged<byte*, uint, uint, uint, uint, uint, void*, ulong, ulong, uint, uint, byte*, ulong, int>)
            NativeLibrary.GetExport(library, "tessera_emulation_launch_narrow");
    }

    /// <summary>The kernels of this repository, built on first use.</summary>
    public static EmulatedKernels Shared => Built.Value;

    private static Lazy<EmulatedKernels> Built { get; } = new(static () => new EmulatedKernels(EmulationBuild.Build(EmulationBuild.KernelFolder)));

    /// <summary>Facts of every kernel, from the source.</summary>
    public IReadOnlyList<EmulatedKernel> Kernels
    {
        get
        {
            List<EmulatedKernel> kernels = [];
            for (uint i = 0; i < _count(); i++)
            {
                KernelFacts facts;
                _facts(i, &facts);
                kernels.Add(new EmulatedKernel(
                    Marshal.PtrToStringUTF8(facts.Name)!, Marshal.PtrToStringUTF8(facts.ParameterType)!, (int)facts.ParameterBytes,
                    (int)facts.Threads, (int)facts.SharedBytes));
            }

            return kernels;
        }
    }

    /// <summary>Offset of <c>Struct.field</c> in C++, or size of <c>Struct</c>; -1 when it does not know the name.</summary>
    public long LayoutOf(string name)
    {
        fixed (byte* text = Terminated(name))
        {
            return _layout(text);
        }
    }

    internal void* Allocate(ulong bytes) => _allocate(bytes);

    internal bool Release(void* pointer) => _release(pointer) == 0;

    internal string? Check(ulong address, long bytes)
    {
        byte* message = stackalloc byte[MessageBytes];
        return _check(address, (ulong)bytes, message, MessageBytes) == 0 ? null : Marshal.PtrToStringUTF8((nint)message);
    }

    internal EncodedTensorMap EncodeTensorMap(TensorMap map)
    {
        map.Validate();
        ulong[] extents = [.. map.Extents.Select(static extent => (ulong)extent)];
        ulong[] strides = [.. map.Strides.Select(static stride => (ulong)stride), 0];
        uint[] box = [.. map.Box.Select(static extent => (uint)extent)];
        EncodedTensorMap encoded;
        fixed (ulong* extent = extents, stride = strides)
        fixed (uint* boxExtent = box)
        {
            int code = _encodeMap(
                &encoded, (uint)map.Element, (uint)extents.Length, map.Address.Address, extent, stride, boxExtent, (uint)map.Swizzle);
            return code == 0 ? encoded : throw new CudaException($"The emulated device does not know {map}.", code);
        }
    }

    internal (int Code, string Message) Launch(
        string kernel, Launch.LaunchShape shape, ReadOnlySpan<byte> parameters, EmulatedSchedule schedule, int accumulatorBits)
    {
        byte* message = stackalloc byte[MessageBytes];
        message[0] = 0;
        fixed (byte* name = Terminated(kernel))
        fixed (byte* data = parameters)
        {
            int code = _launch(
                name, (uint)shape.GridX, (uint)shape.GridY, (uint)shape.GridZ, (uint)shape.Threads, (uint)shape.SharedBytes, data,
                (ulong)parameters.Length, schedule.Seed, schedule.IsLate ? 1u : 0u, (uint)accumulatorBits, message, MessageBytes);
            return (code, Marshal.PtrToStringUTF8((nint)message) ?? "");
        }
    }

    private static byte[] Terminated(string text) => Encoding.UTF8.GetBytes(text + "\0");

    [StructLayout(LayoutKind.Sequential)]
    private struct KernelFacts
    {
        public nint Name;
        public nint ParameterType;
        public uint ParameterBytes;
        public uint Threads;
        public uint SharedBytes;
    }
}
