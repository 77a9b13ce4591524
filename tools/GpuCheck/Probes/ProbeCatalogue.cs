namespace GpuCheck.Probes;

/// <summary>Every probe of an instruction.</summary>
internal static class ProbeCatalogue
{
    /// <summary>In the order of the table, cheap ones first.</summary>
    public static IReadOnlyList<InstructionProbe> All { get; } =
    [
        .. ScalarProbes.All, .. MemoryProbes.All, .. WarpProbes.All, .. CopyProbes.All, .. StoreProbes.All, .. WarpgroupProbes.All,
        .. PipelineProbes.All, .. BlockSparseProbes.Pipelines, .. BlockSparseProbes.Warpgroups,
    ];

    /// <summary>Of each kernel the first, and the kernel that a new machine runs first.</summary>
    public static IReadOnlyList<InstructionProbe> Kernels { get; } = [.. All.DistinctBy(static probe => probe.Kernel), WarpProbes.Axpy];

    /// <summary>The probe of a name.</summary>
    public static InstructionProbe Of(string name) => All.First(probe => probe.Name == name);
}
