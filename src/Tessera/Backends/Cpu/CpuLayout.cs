using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>
/// Sizes of everything a plan needs on the CPU, from the plan and the tile kernels alone. Pure and immutable. docs/design/cpu-backend.md
/// draws the layouts.
/// </summary>
internal sealed class CpuLayout
{
    /// <summary>
    /// Columns of scores held at once; two kilobytes of binary32 a row keep a tile of 128 rows in the second-level cache.
    /// </summary>
    public const int ChunkColumns = 256;

    /// <summary>Query rows of a tile. Taller tiles reuse packed keys more, shorter ones balance threads better.</summary>
    public const int TargetRows = 128;

    /// <summary>Rows are read in whole registers, so scratch rows are padded to a multiple of the widest panel.</summary>
    private const int RowPadding = 32;

    public CpuLayout(AttentionPlan plan, KernelSet kernels)
        : this(
            plan.Shape, plan.Mask.Size, plan.Mask.QuerySlots, plan.Mask.KeySlots, plan.Recipe, plan.ProbabilitySkipThreshold is not null,
            kernels)
    {
    }

    public CpuLayout(
        AttentionShape shape, BlockSize blockSize, int querySlots, int keySlots, QuantizationRecipe recipe, bool skipsTiles,
        KernelSet kernels)
    {
        Shape = shape;
        QueryBlock = blockSize.Query;
        KeyBlock = blockSize.Key;
        QuerySlots = querySlots;
        KeySlots = keySlots;
        QueryBlocks = CeilingDivision.Of(querySlots, QueryBlock);
        KeyBlocks = CeilingDivision.Of(keySlots, KeyBlock);
        IntegerScores = kernels.Scores.IsInteger;
        IntegerOutput = kernels.Output.IsInteger;
        ScorePanel = kernels.Scores.PanelWidth;
        OutputPanel = kernels.Output.PanelWidth;
        DotChannels = recipe.Hadamard ? HadamardTransform.PaddedChannels(Shape.HeadDim) : Shape.HeadDim;
        DotSteps = IntegerScores ? CeilingDivision.Of(DotChannels, 4) : DotChannels;
        VectorCount = kernels.VectorCount;
        KeyStride = RoundUp(KeyBlock, Math.Max(ScorePanel, 2 * VectorCount));
        OutputColumns = RoundUp(Shape.HeadDim, Math.Max(OutputPanel, kernels.VectorCount));
        RowChannels = RoundUp(Math.Max(DotChannels, OutputColumns), RowPadding);
        ChunkBlocks = skipsTiles ? 1 : Math.Max(1, ChunkColumns / KeyStride);
        int group = recipe.Value.Group;
        SegmentKeys = IntegerOutput && group > 0 && group < KeyBlock ? group : KeyStride;
        SegmentsPerBlock = CeilingDivision.Of(KeyStride, SegmentKeys);
        QueryScales = ModeOf(recipe.Query);
        KeyScales = ModeOf(recipe.Key);
        ValueScales = recipe.Value.Format.IsScaled() && IntegerOutput && group > 0 && group <= KeyBlock
            ? ScaleMode.SegmentColumns
            : ModeOf(recipe.Value);
        bool wholeBlocks = recipe.Probability.Reference == ProbabilityReference.TileMaximum || skipsTiles;
        RowCapacity = RoundUp(wholeBlocks ? Math.Max(QueryBlock, TargetRows) : TargetRows, 8);
        MergesQueryBlocks = !recipe.SmoothQuery && !skipsTiles;
        SplitsQueryBlocks = !wholeBlocks;
    }

    public AttentionShape Shape { get; }

    public int QueryBlock { get; }

    public int KeyBlock { get; }

    public int QuerySlots { get; }

    public int KeySlots { get; }

    public int QueryBlocks { get; }

    public int KeyBlocks { get; }

    /// <summary>Whether QK runs on codes.</summary>
    public bool IntegerScores { get; }

    /// <summary>Whether PV runs on codes.</summary>
    public bool IntegerOutput { get; }

    /// <summary>Lanes of the row kernels.</summary>
    public int VectorCount { get; }

    /// <summary>Keys of a panel of packed K, at most two registers of the row kernels.</summary>
    public int ScorePanel { get; }

    /// <summary>Columns of a panel of packed V.</summary>
    public int OutputPanel { get; }

    /// <summary>Channels of Q and K after the Hadamard transform.</summary>
    public int DotChannels { get; }

    /// <summary>Steps of QK: channels, or groups of four codes.</summary>
    public int DotSteps { get; }

    /// <summary>Columns of a key block in a tile of scores.</summary>
    public int KeyStride { get; }

    /// <summary>Columns of an output row in scratch.</summary>
    public int OutputColumns { get; }

    /// <summary>Elements of a scratch row of Q, K or V.</summary>
    public int RowChannels { get; }

    /// <summary>Key blocks of a tile of scores.</summary>
    public int ChunkBlocks { get; }

    /// <summary>Keys of V that share column scales within a block.</summary>
    public int SegmentKeys { get; }

    /// <summary>Such stretches of a block.</summary>
    public int SegmentsPerBlock { get; }

    public ScaleMode QueryScales { get; }

    public ScaleMode KeyScales { get; }

    public ScaleMode ValueScales { get; }

    /// <summary>Rows that scratch memory holds.</summary>
    public int RowCapacity { get; }

    /// <summary>Whether query blocks with equal lists may share a tile.</summary>
    public bool MergesQueryBlocks { get; }

    /// <summary>Whether tall query blocks may be cut into tiles.</summary>
    public bool SplitsQueryBlocks { get; }

    /// <summary>Floats of a packed block of K; codes are four to a float.</summary>
    public long KeyBlockFloats => (long)KeyStride * DotSteps;

    /// <summary>Floats of a packed block of V.</summary>
    public long ValueBlockFloats => (long)KeyStride * OutputColumns / (IntegerOutput ? 4 : 1);

    /// <summary>32-bit elements of a row of packed Q. Odd cache-line counts keep rows of a tile in different sets.</summary>
    public int QueryStride => RoundUp(DotSteps, 16) + 16;

    /// <summary>Elements of a row of scores.</summary>
    public int ScoreStride => (ChunkBlocks * KeyStride) + 16;

    /// <summary>Bytes of a row of codes of P.</summary>
    public int CodeStride => RoundUp(ChunkBlocks * KeyStride, 64) + 64;

    /// <summary>Elements of a row of output in scratch.</summary>
    public int OutputStride => OutputColumns + 16;

    public static int RoundUp(int value, int multiple) => CeilingDivision.Of(value, multiple) * multiple;

    private static ScaleMode ModeOf(OperandFormat format) => format switch
    {
        _ when !format.Format.IsScaled() => ScaleMode.None,
        { Granularity: QuantizationGranularity.PerToken } => ScaleMode.Row,
        { Granularity: QuantizationGranularity.PerChannel } => ScaleMode.ColumnGroups,
        _ => ScaleMode.RowGroups,
    };
}
