namespace Tessera.Methods.Paro;

/// <summary>What calibration decided for one head in one mask group.</summary>
/// <param name="Group">Mask group.</param>
/// <param name="Head">Head.</param>
/// <param name="Order">Name of the chosen order.</param>
/// <param name="KeptMass">Share of attention mass on kept blocks.</param>
/// <param name="Density">Share of all blocks computed.</param>
/// <param name="VideoDensity">Share of blocks without text computed, as PAROAttention counts.</param>
/// <param name="IsEmpty">Video queries put almost no mass on video keys.</param>
/// <param name="IsDenseFallback">The head became dense because its mask would have been too dense or too lossy.</param>
/// <param name="Candidates">All candidates, in the order that breaks ties. They are scored over all groups together.</param>
public sealed record ParoHeadReport(
    int Group, int Head, string Order, double KeptMass, double Density, double VideoDensity, bool IsEmpty, bool IsDenseFallback,
    IReadOnlyList<ParoCandidateScore> Candidates)
{
    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"group {Group} head {Head}: {Order}, kept {KeptMass:0.0000} at density {Density:0.000} ")
        + FormattableString.Invariant($"({VideoDensity:0.000} of video)")
        + $"{(IsEmpty ? ", empty" : "")}{(IsDenseFallback ? ", dense fallback" : "")}";
}
