using Tessera.Backends.Cpu.Costs;

namespace Tessera.Cuda.Driver;

/// <summary>How a device is opened.</summary>
public sealed record CudaDeviceOptions
{
    /// <summary>The first device, with the kernel cache in the user's cache folder.</summary>
    public static CudaDeviceOptions Default { get; } = new();

    /// <summary>Index among the devices the driver shows.</summary>
    public int Ordinal { get; init; }

    /// <summary>Folder of compiled kernels; null for <see cref="DefaultCacheFolder"/>, empty for none.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>The folder <c>kernels</c> in the user's cache folder of this library.</summary>
    public static string DefaultCacheFolder => Path.Combine(CpuCostFile.DefaultFolder, "kernels");

    /// <summary>The folder in force; null for none.</summary>
    internal string? EffectiveCacheFolder => CacheFolder switch
    {
        null => DefaultCacheFolder,
        "" => null,
        _ => CacheFolder,
    };
}
