using Tessera.Layout;

namespace Tessera.Methods.Sparge;

/// <summary>Settings of SpargeAttention. The defaults are those of the authors' recommended top-k entry point.</summary>
public sealed record SpargeOptions
{
    /// <summary>
    /// Share of key blocks that each selective query block keeps, in (0, 1]; null selects by <see cref="CumulativeMass"/> instead. Fix
    /// blocks are kept on top, so the density can be higher.
    /// </summary>
    public double? TopK { get; init; } = 0.5;

    /// <summary>
    /// Predicted mass that each selective query block keeps (cdfthreshd), in (0, 1]: blocks by falling prediction as long as their running
    /// sum does not exceed it, at least one. Used when <see cref="TopK"/> is null.
    /// </summary>
    public double CumulativeMass { get; init; } = 0.98;

    /// <summary>
    /// Blocks whose self-similarity is not above this (simthreshd1, in [-1, 1]) are fix blocks: their rows or columns are kept whole.
    /// </summary>
    public double SelfSimilarity { get; init; } = -0.1;

    /// <summary>
    /// Second stage (pvthreshd, log2 units): PV of a tile is skipped when its row maxima lie at least this far below the running maximum.
    /// The authors' 50 almost never skips; the paper's lambda is minus this times ln 2. Null is off.
    /// </summary>
    public double? ProbabilitySkip { get; init; } = 50;

    /// <summary>Subtract the channel mean of K over all tokens before pooling.</summary>
    public bool SmoothKey { get; init; } = true;

    /// <summary>Keep the first key block in every row.</summary>
    public bool AttentionSink { get; init; }

    /// <summary>Token orders to compose with: none, one for all heads, or one per head (PARO's choice, a Hilbert curve).</summary>
    public IReadOnlyList<TokenOrder> Orders { get; init; } = [];

    /// <summary>The authors' threshold entry point: similarity 0.6, cumulative mass 0.98.</summary>
    public static SpargeOptions Thresholds { get; } = new() { TopK = null, CumulativeMass = 0.98, SelfSimilarity = 0.6 };

    /// <summary>Checks ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public void Validate()
    {
        RequireShare(TopK ?? 1, nameof(TopK));
        RequireShare(CumulativeMass, nameof(CumulativeMass));
        if (!(SelfSimilarity is >= -1 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(SelfSimilarity), SelfSimilarity, "Wanted -1 (no fix blocks) to 1 (all blocks fix).");
        }

        if (ProbabilitySkip is { } skip && !(skip >= 0))
        {
            throw new ArgumentOutOfRangeException(nameof(ProbabilitySkip), skip, "Wanted a distance in log2 units, 0 or more, or null.");
        }
    }

    private static void RequireShare(double value, string name)
    {
        if (!(value is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} is a share: wanted more than 0 to 1.");
        }
    }
}
