namespace Tessera.Media.Reports;

/// <summary>
/// One head's map in natural order and in the order of a plan, with the plan's mask over it; made with <see cref="MapSampler"/>.
/// </summary>
public sealed record HeadMapPair
{
    /// <summary>Head index.</summary>
    public required int Head { get; init; }

    /// <summary>Name of the head, for example its kind.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>Method whose order and mask these are.</summary>
    public required string Method { get; init; }

    /// <summary>Sample in natural order.</summary>
    public required SampledMap Before { get; init; }

    /// <summary>Sample in the plan's order.</summary>
    public required SampledMap After { get; init; }

    /// <summary>Kept share of each cell of <see cref="After"/> from <see cref="MapSampler.SampleMask"/>; empty for none.</summary>
    public IReadOnlyList<float> Kept { get; init; } = [];

    /// <summary>Density of the head.</summary>
    public double Density { get; init; }

    /// <summary>Kept mass of the head; null when it was not measured.</summary>
    public double? KeptMass { get; init; }
}
