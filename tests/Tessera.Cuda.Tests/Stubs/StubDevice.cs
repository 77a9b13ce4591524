using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;

namespace Tessera.Cuda.Tests.Stubs;

/// <summary>A device over the stub driver with one module of two kernels, and a cache folder of its own.</summary>
internal sealed class StubDevice : IDisposable
{
    public static readonly KernelModule Module = new("scaling", "scaling.cu", ["scale.cuh"], 80, ["scale_rows", "scale_columns"]);

    private readonly bool _ownsFolder;

    private StubDevice(CudaDevice device, string folder, bool ownsFolder)
    {
        Device = device;
        Folder = folder;
        _ownsFolder = ownsFolder;
    }

    public CudaDevice Device { get; }

    public string Folder { get; }

    public static KernelSource Source(string body = "// scales") => new(
        "scaling.cu", $"#include \"scale.cuh\"\n{body}\nextern \"C\" __global__ void scale_rows(Parameters p) {{ }}",
        [new KernelHeader("scale.cuh", "struct Parameters { unsigned long long rows; float factor; int count; };")]);

    /// <summary>Resets the stub and opens a device.</summary>
    public static StubDevice Open(string? folder = null, KernelSource? source = null)
    {
        StubDriver.Reset();
        return Reopen(folder, source);
    }

    /// <summary>Opens a device and leaves the stub's settings as they are.</summary>
    public static StubDevice Reopen(string? folder = null, KernelSource? source = null)
    {
        string cache = folder ?? Directory.CreateTempSubdirectory("tessera-kernels-").FullName;
        return new StubDevice(
            CudaDevice.Open([Module], new CudaDeviceOptions { CacheFolder = cache }, _ => source ?? Source()), cache, folder is null);
    }

    public void Dispose()
    {
        Device.Dispose();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
