namespace Tessera.Cli.Output;

/// <summary>What <c>tessera attention explain</c> found about one head.</summary>
internal sealed record ExplainReport : Report
{
    public override string Command => "attention explain";

    public required InputSummary Input { get; init; }

    public required int Batch { get; init; }

    public required int Head { get; init; }

    /// <summary>spatial, temporal, isotropic, row, column, row over time, column over time, diagonal, text or global.</summary>
    public required string Kind { get; init; }

    public required string Description { get; init; }

    /// <summary>Mean attention distance along frames over that of uniform attention; null for one frame.</summary>
    public required double? FrameSpread { get; init; }

    public required double? HeightSpread { get; init; }

    public required double? WidthSpread { get; init; }

    /// <summary>exp(entropy) of a row, mean.</summary>
    public required double EffectiveKeys { get; init; }

    public required double TextMass { get; init; }

    public required int SampledRows { get; init; }

    /// <summary>The order PARO chooses.</summary>
    public required string Order { get; init; }

    public required double Density { get; init; }

    public required double VideoDensity { get; init; }

    public required double KeptMass { get; init; }

    public required string BlockSize { get; init; }

    public required long BlocksComputed { get; init; }

    public required long BlocksTotal { get; init; }

    /// <summary>Every candidate order.</summary>
    public required IReadOnlyList<OrderFigures> Orders { get; init; }

    /// <summary>INT8 scales per token.</summary>
    public required IReadOnlyList<ScaleFigures> Scales { get; init; }

    public string? Output { get; init; }
}

/// <summary>How one order suits a head.</summary>
/// <param name="Order">Name.</param>
/// <param name="KeptMass">Share of the softmax in the blocks kept at the density asked for.</param>
/// <param name="EmptyShare">Share of nearly empty blocks.</param>
/// <param name="Incoherence">Mean of maximum over mean of a block; 1 is uniform.</param>
internal sealed record OrderFigures(string Order, double KeptMass, double EmptyShare, double Incoherence);

/// <summary>INT8 scales of an operand's rows.</summary>
/// <param name="Operand">Query, key or value.</param>
/// <param name="Minimum">Smallest row scale.</param>
/// <param name="Median">Median row scale.</param>
/// <param name="Maximum">Largest row scale.</param>
internal sealed record ScaleFigures(string Operand, double Minimum, double Median, double Maximum);
