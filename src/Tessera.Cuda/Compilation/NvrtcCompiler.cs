using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Tessera.Cuda.Driver;

namespace Tessera.Cuda.Compilation;

/// <summary>CUDA C++ to a cubin for one architecture, by NVRTC: no toolkit, no host compiler, no files.</summary>
internal sealed unsafe class NvrtcCompiler
{
    private static readonly ActivitySource Activities = new("Tessera.Cuda");

    private NvrtcCompiler(int version) => Version = version;

    /// <summary>1000 major + 10 minor.</summary>
    public int Version { get; }

    /// <summary>Opens NVRTC.</summary>
    /// <param name="driverVersion">The driver's CUDA version: code of a newer major version does not load.</param>
    /// <param name="fault">Why it cannot be used; null when it can.</param>
    public static NvrtcCompiler? TryOpen(int driverVersion, out string? fault)
    {
        NativeLibraryState library = NativeLibraries.Nvrtc;
        fault = library.Fault;
        if (!library.IsLoaded)
        {
            return null;
        }

        int version;
        try
        {
            NvrtcStatus status = NvrtcImports.Version(out int major, out int minor);
            fault = status == NvrtcStatus.Success ? null : $"nvrtcVersion of {library.File} failed with {NameOf(status)}";
            version = (1000 * major) + (10 * minor);
        }
        catch (EntryPointNotFoundException missing)
        {
            fault = $"{library.File} is no NVRTC: {missing.Message}";
            return null;
        }

        fault ??= FaultOf(version, driverVersion);
        if (fault is not null)
        {
            return null;
        }

        NativeLibraries.LoadBuiltins(library.File!, version);
        return new NvrtcCompiler(version);
    }

    /// <summary>Options for an architecture. They are part of a kernel's identity.</summary>
    public static IReadOnlyList<string> OptionsFor(KernelModule module, int architecture) =>
    [
        $"--gpu-architecture=sm_{architecture}{(module.IsArchitectureSpecific ? "a" : "")}",
        "--std=c++17",
        "--generate-line-info",
    ];

    /// <summary>Compiles a module.</summary>
    /// <exception cref="KernelCompilationException">The source or an option was refused; the message carries the log.</exception>
    public CompiledKernels Compile(KernelSource source, IReadOnlyList<string> options)
    {
        using Activity? activity = Activities.StartActivity("tessera.kernel.compile")?.SetTag("source", source.Name);
        using Utf8Strings headers = new([.. source.Headers.Select(static header => header.Text)]);
        using Utf8Strings names = new([.. source.Headers.Select(static header => header.Name)]);
        using Utf8Strings arguments = new(options);
        Require(
            NvrtcImports.CreateProgram(
                out nint handle, source.Text, source.Name, source.Headers.Count, headers.Pointers, names.Pointers),
            "nvrtcCreateProgram", source, "");
        using NvrtcProgram program = new(handle);
        NvrtcStatus status = NvrtcImports.CompileProgram(program.Value, options.Count, arguments.Pointers);
        string log = ReadLog(program, source);
        string what = status switch
        {
            NvrtcStatus.InvalidOption =>
                $"nvrtcCompileProgram of {CudaVersion.Text(Version)} with {string.Join(' ', options)}: this NVRTC may be older than "
                    + "the GPU",
            NvrtcStatus.BuiltinOperationFailure =>
                $"nvrtcCompileProgram: libnvrtc-builtins of version {CudaVersion.Text(Version)} has to lie beside "
                    + $"{NativeLibraries.Nvrtc.File} or on the loader's path (LD_LIBRARY_PATH)",
            _ => "nvrtcCompileProgram",
        };
        Require(status, what, source, log);
        Require(NvrtcImports.GetCubinSize(program.Value, out nuint bytes), "nvrtcGetCUBINSize", source, log);
        byte[] cubin = new byte[checked((int)bytes)];
        fixed (byte* data = cubin)
        {
            Require(NvrtcImports.GetCubin(program.Value, data), "nvrtcGetCUBIN", source, log);
        }

        return new CompiledKernels(cubin, log);
    }

    /// <summary>Why an NVRTC does not suit a driver, or null.</summary>
    internal static string? FaultOf(int version, int driverVersion) =>
        version < CudaVersion.OldestNvrtc
            ? $"NVRTC is {CudaVersion.Text(version)}; wanted {CudaVersion.Text(CudaVersion.OldestNvrtc)} or later"
            : driverVersion > 0 && version / 1000 > driverVersion / 1000
                ? $"NVRTC {CudaVersion.Text(version)} makes code that the driver of CUDA {CudaVersion.Text(driverVersion)} does not load; "
                    + "update the driver or provide an NVRTC of its major version"
                : null;

    private static string ReadLog(NvrtcProgram program, KernelSource source)
    {
        Require(NvrtcImports.GetProgramLogSize(program.Value, out nuint bytes), "nvrtcGetProgramLogSize", source, "");
        byte[] log = new byte[Math.Max(1, checked((int)bytes))];
        fixed (byte* data = log)
        {
            Require(NvrtcImports.GetProgramLog(program.Value, data), "nvrtcGetProgramLog", source, "");
        }

        int end = log.AsSpan().IndexOf((byte)0);
        return Encoding.UTF8.GetString(log.AsSpan(0, end < 0 ? log.Length : end)).Trim();
    }

    private static void Require(NvrtcStatus status, string call, KernelSource source, string log)
    {
        if (status != NvrtcStatus.Success)
        {
            throw new KernelCompilationException($"{source.Name}: {call} failed with {NameOf(status)}.", log, source.Name);
        }
    }

    private static string NameOf(NvrtcStatus status)
    {
        try
        {
            return Marshal.PtrToStringUTF8((nint)NvrtcImports.GetErrorString(status)) ?? $"code {(int)status}";
        }
        catch (EntryPointNotFoundException)
        {
            return $"code {(int)status}";
        }
    }
}
