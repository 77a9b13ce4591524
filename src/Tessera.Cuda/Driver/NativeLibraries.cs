using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Tessera.Cuda.Driver;

/// <summary>
/// Finds the driver and NVRTC. Nothing of either ships with this package: the driver belongs to the machine, NVRTC to a toolkit or a
/// Python package. Each is looked for once; an override that does not load is an error and is not passed over.
/// </summary>
internal static class NativeLibraries
{
    /// <summary>Import name of the driver.</summary>
    public const string DriverImport = "tessera-cuda-driver";

    /// <summary>Import name of NVRTC.</summary>
    public const string NvrtcImport = "tessera-nvrtc";

    /// <summary>Path of the driver library to use in place of the system's.</summary>
    public const string DriverVariable = "TESSERA_CUDA_DRIVER";

    /// <summary>Path of the NVRTC library to use in place of the system's.</summary>
    public const string NvrtcVariable = "TESSERA_NVRTC";

    private static readonly Lazy<NativeLibraryState> DriverLibrary = new(static () => Find(
        "CUDA driver", DriverVariable, Environment.GetEnvironmentVariable(DriverVariable), DriverCandidates,
        "no NVIDIA driver on this machine"));

    private static readonly Lazy<NativeLibraryState> NvrtcLibrary = new(static () => Find(
        "NVRTC", NvrtcVariable, Environment.GetEnvironmentVariable(NvrtcVariable), NvrtcCandidates,
        "no CUDA toolkit or nvidia-cuda-nvrtc package on the loader's path"));

    static NativeLibraries() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);

    /// <summary>The driver.</summary>
    public static NativeLibraryState Driver => DriverLibrary.Value;

    /// <summary>The run-time compiler.</summary>
    public static NativeLibraryState Nvrtc => NvrtcLibrary.Value;

    /// <summary>Names of the driver, best first.</summary>
    public static IReadOnlyList<string> DriverCandidates => OperatingSystem.IsWindows()
        ? ["nvcuda.dll"]
        : ["libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"];

    /// <summary>Names of NVRTC, newest first.</summary>
    public static IReadOnlyList<string> NvrtcCandidates => OperatingSystem.IsWindows()
        ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"]
        : ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so", "/usr/local/cuda/lib64/libnvrtc.so"];

    /// <summary>Makes sure that the resolver stands before the first import is bound.</summary>
    public static void Install()
    {
        // The static constructor did it.
    }

    /// <summary>Looks for a library.</summary>
    /// <param name="name">What it is.</param>
    /// <param name="variable">Variable that overrides it.</param>
    /// <param name="chosen">Value of the variable; null or empty for none.</param>
    /// <param name="candidates">Names to try without an override.</param>
    /// <param name="absence">What it means when none loads.</param>
    public static NativeLibraryState Find(
        string name, string variable, string? chosen, IReadOnlyList<string> candidates, string absence)
    {
        if (!string.IsNullOrEmpty(chosen))
        {
            try
            {
                return new NativeLibraryState(name, NativeLibrary.Load(chosen), chosen, null);
            }
            catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
            {
                return new NativeLibraryState(
                    name, 0, null, $"{variable} names {chosen}, which cannot be loaded: {exception.Message.ReplaceLineEndings(" ")}");
            }
        }

        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out nint handle))
            {
                return new NativeLibraryState(name, handle, candidate, null);
            }
        }

        return new NativeLibraryState(
            name, 0, null, $"{string.Join(", ", candidates)} cannot be loaded: {absence} (set {variable} to its path if it is elsewhere)");
    }

    /// <summary>
    /// Loads what NVRTC itself opens by name when it compiles: a copy outside the loader's path, as Python packages bring it, would not
    /// find the file beside it.
    /// </summary>
    /// <param name="nvrtc">File that NVRTC was loaded from.</param>
    /// <param name="version">Its version, 1000 major + 10 minor.</param>
    /// <returns>The file, or null where none lies beside NVRTC and the loader's path has to have it.</returns>
    public static string? LoadBuiltins(string nvrtc, int version)
    {
        string? folder = Path.GetDirectoryName(nvrtc);
        if (string.IsNullOrEmpty(folder))
        {
            return null;
        }

        string file = Path.Combine(
            folder,
            OperatingSystem.IsWindows()
                ? string.Create(CultureInfo.InvariantCulture, $"nvrtc-builtins64_{version / 1000}{version % 1000 / 10}.dll")
                : $"libnvrtc-builtins.so.{CudaVersion.Text(version)}");
        return File.Exists(file) && NativeLibrary.TryLoad(file, out _) ? file : null;
    }

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? path) => library switch
    {
        DriverImport => Driver.Handle,
        NvrtcImport => Nvrtc.Handle,
        _ => 0,
    };
}
