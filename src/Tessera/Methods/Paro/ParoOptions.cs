using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Methods.Paro;

/// <summary>
/// Settings of PAROAttention. Defaults are ours where the paper is silent or its formula is inverted; docs/methods/paro.md says which.
/// </summary>
public sealed record ParoOptions
{
    /// <summary>Target share of blocks computed, in (0, 1].</summary>
    public double Density { get; init; } = 0.5;

    /// <summary>Blocks that <see cref="Density"/> counts.</summary>
    public DensityCount DensityCount { get; init; } = DensityCount.WholeMap;

    /// <summary>What the order of each head is chosen by.</summary>
    public ParoMetric Metric { get; init; } = ParoMetric.RetainedMass;

    /// <summary>Weight of the sparse term in the two weighted metrics, in [0, 1]. The paper does not publish its value.</summary>
    public double Alpha { get; init; } = 0.5;

    /// <summary>Probabilities below this count as zero.</summary>
    public ParoEpsilon Epsilon { get; init; } = ParoEpsilon.Paper;

    /// <summary>
    /// A block is nearly empty when at least this share of its probabilities is below <see cref="Epsilon"/>; the paper's example is 0.9.
    /// </summary>
    public double Sigma { get; init; } = 0.9;

    /// <summary>Families of orders to search.</summary>
    public ParoCandidateSet Candidates { get; init; } = ParoCandidateSet.AxisOrders;

    /// <summary>3D tiles whose tile-major orders are searched too, for example 4x4x4.</summary>
    public IReadOnlyList<TileShape> CandidateTiles { get; init; } = [];

    /// <summary>Further orders over the natural tokens, unpadded.</summary>
    public IReadOnlyList<TokenOrder> FurtherOrders { get; init; } = [];

    /// <summary>
    /// One order for all heads, by the sum of their scores, as a layer-wide layout needs; masks stay per head. Off by default.
    /// </summary>
    public bool SharedOrder { get; init; }

    /// <summary>Over what the density is met.</summary>
    public ParoThresholdScope Scope { get; init; } = ParoThresholdScope.Global;

    /// <summary>Importance of a block.</summary>
    public ParoCriterion Criterion { get; init; } = ParoCriterion.BlockSum;

    /// <summary>
    /// Tau of <see cref="ParoThresholdScope.Fixed"/>, in units of the criterion: attention mass of a block (rows sum to 1, so a block row
    /// of 64 queries holds 64), or the share of probabilities not below epsilon.
    /// </summary>
    public double Threshold { get; init; } = 0.1;

    /// <summary>Share of each block row's mass that <see cref="ParoThresholdScope.PerRowMass"/> keeps, in (0, 1].</summary>
    public double RowMass { get; init; } = 0.95;

    /// <summary>Every block row keeps at least this many blocks.</summary>
    public int MinimumBlocksPerRow { get; init; } = 1;

    /// <summary>Keep all block rows and columns that hold text.</summary>
    public bool KeepText { get; init; } = true;

    /// <summary>Keep blocks on the diagonal of storage order.</summary>
    public bool KeepDiagonal { get; init; }

    /// <summary>Keep the last block row and column, as the released scripts do. Our kernels handle partial tiles, so it is off.</summary>
    public bool KeepTail { get; init; }

    /// <summary>Keep key blocks at least half of whose tokens lie in the first frame (image-to-video models condition on it).</summary>
    public bool KeepFirstFrame { get; init; }

    /// <summary>Keep this many leading video key blocks as attention sinks.</summary>
    public int SinkColumns { get; init; }

    /// <summary>Where blocks start.</summary>
    public LatticeOrigin Origin { get; init; } = LatticeOrigin.PaddedText;

    /// <summary>
    /// Score orders on every k-th block row only; masks always read every row of the chosen order, in a second pass over the inputs. 1
    /// reads all rows once.
    /// </summary>
    public int QueryBlockStride { get; init; } = 1;

    /// <summary>Queries sampled per head by <see cref="ParoMetric.OutputError"/>.</summary>
    public int SampledQueries { get; init; } = 64;

    /// <summary>How observations become one mask.</summary>
    public ParoCombination Combination { get; init; } = ParoCombination.Mean;

    /// <summary>What happens to empty heads.</summary>
    public EmptyHeadPolicy EmptyHeads { get; init; } = EmptyHeadPolicy.Compute;

    /// <summary>A head is empty when its video queries put less than this share of their mass on video keys.</summary>
    public double EmptyHeadMass { get; init; } = 0.05;

    /// <summary>Heads denser than this become dense: skipping so few blocks does not pay. 1 is off.</summary>
    public double DenseFallbackDensity { get; init; } = 0.9;

    /// <summary>Heads that keep less than this share of their mass become dense, so that no head is silently bad. 0 is off.</summary>
    public double MinimumKeptMass { get; init; }

    /// <summary>What rows divide by: kept blocks (kernels, the default) or the whole row (the published quality harness).</summary>
    public SoftmaxNormalization Normalization { get; init; } = SoftmaxNormalization.KeptBlocks;

    /// <summary>Checks ranges and combinations.</summary>
    /// <exception cref="ArgumentException">A value is out of range, or two do not fit together; the message says which and what to
    /// do.</exception>
    public void Validate()
    {
        RequireShare(Density, nameof(Density), zeroAllowed: false);
        RequireShare(Alpha, nameof(Alpha), zeroAllowed: true);
        RequireShare(Sigma, nameof(Sigma), zeroAllowed: false);
        RequireShare(RowMass, nameof(RowMass), zeroAllowed: false);
        RequireShare(EmptyHeadMass, nameof(EmptyHeadMass), zeroAllowed: true);
        RequireShare(DenseFallbackDensity, nameof(DenseFallbackDensity), zeroAllowed: false);
        RequireShare(MinimumKeptMass, nameof(MinimumKeptMass), zeroAllowed: true);
        ArgumentOutOfRangeException.ThrowIfLessThan(MinimumBlocksPerRow, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(SinkColumns);
        ArgumentOutOfRangeException.ThrowIfLessThan(QueryBlockStride, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(SampledQueries, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Threshold);
        if (Candidates == ParoCandidateSet.None && CandidateTiles.Count == 0 && FurtherOrders.Count == 0)
        {
            throw new ArgumentException("No candidate orders: set Candidates, CandidateTiles or FurtherOrders.", nameof(Candidates));
        }

        if (Metric == ParoMetric.OutputError && QueryBlockStride > 1)
        {
            throw new ArgumentException(
                $"Metric OutputError needs every block row's mask, but QueryBlockStride is {QueryBlockStride}; "
                    + "set it to 1 (SampledQueries limits the cost).",
                nameof(QueryBlockStride));
        }
    }

    private static void RequireShare(double value, string name, bool zeroAllowed)
    {
        if (!(value <= 1 && (zeroAllowed ? value >= 0 : value > 0)))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} is a share: wanted {(zeroAllowed ? "0" : "more than 0")} to 1.");
        }
    }
}
