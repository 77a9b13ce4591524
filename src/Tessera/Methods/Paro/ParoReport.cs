namespace Tessera.Methods.Paro;

/// <summary>What calibration decided, per head and over all.</summary>
/// <param name="Heads">One entry per (group, head), groups outermost.</param>
/// <param name="Threshold">The tau in force; NaN when rows or heads have their own.</param>
public sealed record ParoReport(IReadOnlyList<ParoHeadReport> Heads, double Threshold)
{
    /// <summary>Share of all blocks computed, over heads and groups.</summary>
    public double Density => Heads.Average(static head => head.Density);

    /// <summary>Share of blocks without text computed, over heads and groups.</summary>
    public double VideoDensity => Heads.Average(static head => head.VideoDensity);

    /// <summary>Mean share of attention mass kept.</summary>
    public double KeptMass => Heads.Average(static head => head.KeptMass);

    /// <summary>The entry that keeps the least mass: what the plan's quality stands on.</summary>
    public ParoHeadReport WorstHead => Heads.MinBy(static head => head.KeptMass)!;

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"density {Density:0.000} ({VideoDensity:0.000} of video), kept mass {KeptMass:0.0000}, ")
        + FormattableString.Invariant($"worst {WorstHead.KeptMass:0.0000} (head {WorstHead.Head})");
}
