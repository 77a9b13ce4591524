using Tessera.Cuda.Driver;

namespace Tessera.Cuda;

/// <summary>How the CUDA backend uses the machine.</summary>
public sealed record CudaOptions
{
    /// <summary>The first device and verified kernels only.</summary>
    public static CudaOptions Default { get; } = new();

    /// <summary>Which device, and where compiled kernels are kept.</summary>
    public CudaDeviceOptions Device { get; init; } = CudaDeviceOptions.Default;

    /// <summary>
    /// Whether kernels may run that no recorded run on hardware has verified as they are now (<c>gpu/verified.json</c>). They pass every
    /// check that needs no GPU; what only a GPU can show, nobody has seen yet.
    /// </summary>
    public bool AllowUnverifiedKernels { get; init; }
}
