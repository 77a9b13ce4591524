namespace Tessera.Cli.Output;

/// <summary>What <c>tessera doctor</c> found.</summary>
internal sealed record DoctorReport : Report
{
    public override string Command => "doctor";

    public required string Tessera { get; init; }

    public required string Runtime { get; init; }

    public required string OperatingSystem { get; init; }

    public required string Architecture { get; init; }

    public required string Processor { get; init; }

    public required int LogicalCores { get; init; }

    public required int VectorBits { get; init; }

    public required long MemoryBytes { get; init; }

    public required IReadOnlyList<DoctorCheck> Checks { get; init; }

    /// <summary>What the CPU path computes with.</summary>
    public required CpuPathReport CpuPath { get; init; }

    /// <summary>Kernels of the cuda backend, as they are compiled for the device, or for sm_90 where there is none.</summary>
    public required IReadOnlyList<DoctorKernel> Kernels { get; init; }
}

/// <summary>One kernel of the cuda backend.</summary>
/// <param name="Name">Entry point.</param>
/// <param name="Verified">Whether a run on hardware verified it as it is now.</param>
/// <param name="Detail">Which run did, or why not.</param>
internal sealed record DoctorKernel(string Name, bool Verified, string Detail);

/// <summary>One thing that is there or is not.</summary>
/// <param name="Name">What was looked for.</param>
/// <param name="Available">Whether it can be used.</param>
/// <param name="Detail">What it is, or why not.</param>
internal sealed record DoctorCheck(string Name, bool Available, string Detail);
