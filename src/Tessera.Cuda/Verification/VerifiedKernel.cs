namespace Tessera.Cuda.Verification;

/// <summary>
/// One kernel as a run on hardware verified it: a row of <c>gpu/verified.json</c>, written by <c>gpu-check</c> and by nothing else.
/// </summary>
public sealed record VerifiedKernel
{
    /// <summary>Entry point.</summary>
    public required string Kernel { get; init; }

    /// <summary>SHA-256 of source, headers and options without comments; a kernel that changes loses its verification.</summary>
    public required string Hash { get; init; }

    /// <summary>Options it was compiled with, as the hash has them.</summary>
    public required string Options { get; init; }

    /// <summary>Device, for example <c>NVIDIA H200</c>.</summary>
    public required string Device { get; init; }

    /// <summary>CUDA version of the driver.</summary>
    public required string Driver { get; init; }

    /// <summary>Version of NVRTC, or <c>ptx</c> where the driver compiled the package's PTX.</summary>
    public required string Compiler { get; init; }

    /// <summary>Day of the run.</summary>
    public required DateOnly Date { get; init; }

    /// <summary>Largest error seen by the check that this kernel passed, in the check's own measure.</summary>
    public required double Error { get; init; }

    /// <summary>The check and its bound, for example <c>relative L2 of the quantised reference, 0.005</c>.</summary>
    public required string Check { get; init; }

    /// <summary>Registers of a thread.</summary>
    public required int Registers { get; init; }

    /// <summary>Local memory of a thread in bytes; 0, or registers spilled.</summary>
    public required int LocalBytes { get; init; }

    /// <summary>10^12 useful operations a second on the largest shape timed; null when it was not timed.</summary>
    public double? TeraOperations { get; init; }
}
