namespace Tessera.Cli.Output;

/// <summary>What the CPU path of this process computes with.</summary>
internal sealed record CpuPathReport
{
    /// <summary>Extensions that it uses, beyond what every processor of the architecture has.</summary>
    public required IReadOnlyList<string> InstructionSets { get; init; }

    /// <summary>Width of its vectors.</summary>
    public required int VectorBits { get; init; }

    /// <summary>Attention, by number formats.</summary>
    public required IReadOnlyList<CpuPathProduct> Attention { get; init; }

    /// <summary>Products of layers with weights, by <c>--precision</c>.</summary>
    public required IReadOnlyList<CpuPathProduct> Products { get; init; }
}

/// <summary>What multiplies one kind of operands.</summary>
/// <param name="Operands">As options spell it.</param>
/// <param name="Instructions">What multiplies them.</param>
internal sealed record CpuPathProduct(string Operands, string Instructions);
