using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Backends.Cpu;

/// <summary>
/// Where a sample of query rows lies. Rows are lanes: a panel holds as many as two registers have lanes, and keys or channels run down it.
/// Keys are cut into strips whose sums are added at the end in one order, so results do not depend on threads.
/// </summary>
/// <param name="shape">Sizes of the call.</param>
/// <param name="rows">Sampled rows.</param>
/// <param name="panelWidth">Rows of a panel.</param>
/// <param name="masks">Masks.</param>
internal sealed class RowSampleLayout(AttentionShape shape, int rows, int panelWidth, int masks)
{
    /// <summary>Keys handled at once: scores, weights and values of a chunk stay in the nearer caches.</summary>
    public const int ChunkKeys = 128;

    /// <summary>Rows of one sample: the bits of <see cref="KeyRun.Rows"/>.</summary>
    public const int MaximumRows = 64;

    private const int TargetStrips = 16;

    /// <summary>Sampled rows.</summary>
    public int Rows { get; } = rows;

    /// <summary>Rows of a panel.</summary>
    public int PanelWidth { get; } = panelWidth;

    /// <summary>Panels.</summary>
    public int Panels { get; } = CeilingDivision.Of(rows, panelWidth);

    /// <summary>Channels.</summary>
    public int Channels { get; } = shape.HeadDim;

    /// <summary>Keys.</summary>
    public int Keys { get; } = shape.KeyLength;

    /// <summary>Dense attention and one output per mask.</summary>
    public int Outputs { get; } = 1 + masks;

    /// <summary>Keys of a strip, whole chunks.</summary>
    public int StripKeys { get; } = CeilingDivision.Of(CeilingDivision.Of(shape.KeyLength, TargetStrips), ChunkKeys) * ChunkKeys;

    /// <summary>Strips.</summary>
    public int Strips => CeilingDivision.Of(Keys, StripKeys);

    /// <summary>Floats of the packed queries: [panel][channel][lane].</summary>
    public long QueryFloats => (long)Panels * Channels * PanelWidth;

    /// <summary>Floats of a panel of scores or weights: [key][lane], with a row to spare for odd counts.</summary>
    public long WeightFloats => (ChunkKeys + 2L) * PanelWidth;

    /// <summary>Floats of a panel's outputs: [channel][lane], with a row to spare for odd counts.</summary>
    public long OutputFloats => (Channels + 2L) * PanelWidth;

    /// <summary>Floats of the sums of one panel of one strip: reference [lane], then mass [output][lane], then the outputs.</summary>
    public long PanelStateFloats => ((1L + Outputs) * PanelWidth) + (Outputs * OutputFloats);

    /// <summary>Floats of the sums of a strip.</summary>
    public long StateFloats => Panels * PanelStateFloats;

    /// <summary>Elements between rows of transposed values.</summary>
    public const int ValueStride = ChunkKeys + 16;

    /// <summary>Floats of a worker's scratch: transposed values, weights, masked weights, the chunk's outputs, copied rows.</summary>
    public long ScratchFloats =>
        ((Channels + 2L) * ValueStride) + (2 * WeightFloats) + OutputFloats + ((ChunkKeys + 2L) * RowStride) + (5L * RowStride);

    /// <summary>Elements between copied rows.</summary>
    public int RowStride => CpuLayout.RoundUp(Channels, 16);
}
