using Tessera.Attention;
using Tessera.Cuda;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;

namespace GpuCheck.Stages;

/// <summary>What stages share: the device and how far they go.</summary>
internal sealed class CheckContext : IDisposable
{
    private CudaDevice? _device;

    public CheckContext(bool isQuick, string folder, string? cacheFolder)
    {
        IsQuick = isQuick;
        Folder = folder;
        CacheFolder = cacheFolder;
    }

    /// <summary>Sizes cut down so that an emulated device goes through every stage in seconds.</summary>
    public bool IsQuick { get; }

    /// <summary>Where reports go.</summary>
    public string Folder { get; }

    public string? CacheFolder { get; }

    /// <summary>The device, opened by the first stage that needs it.</summary>
    /// <exception cref="BackendUnavailableException">There is none.</exception>
    public CudaDevice Device => _device ??= CudaDevice.Open(KernelCatalogue.Modules, new CudaDeviceOptions { CacheFolder = CacheFolder });

    /// <summary>The device, when a stage opened it.</summary>
    public CudaDevice? OpenedDevice => _device;

    /// <summary>A backend over the device: this program is what verifies kernels, so unverified ones run.</summary>
    public CudaBackend Backend() => new(Device, new CudaOptions { AllowUnverifiedKernels = true });

    public void Dispose() => _device?.Dispose();
}
