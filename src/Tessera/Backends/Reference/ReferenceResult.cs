namespace Tessera.Backends.Reference;

/// <summary>Attention in double precision.</summary>
/// <param name="Output">[B, H, Lq, D] in natural token order.</param>
/// <param name="LogSumExp">[B, H, Lq], natural logarithm; negative infinity for rows without a visible key.</param>
/// <param name="ProbabilityTilesSkipped">Tiles whose PV product the second stage of SpargeAttention skipped.</param>
public sealed record ReferenceResult(double[] Output, double[] LogSumExp, long ProbabilityTilesSkipped);
