using Tessera.Attention;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>
/// Packing of Q, K and V rows: gather by token order, smoothing, quantisation and layout in one pass. Chosen once per plan.
/// </summary>
internal abstract unsafe class RowPacker
{
    /// <summary>Packs one block of K.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="source">K.</param>
    /// <param name="head">Where to.</param>
    /// <param name="block">Key block.</param>
    /// <param name="scratch">Rows of the worker.</param>
    /// <exception cref="ArgumentException">A row holds a NaN, an infinity or a number the format cannot hold.</exception>
    public abstract void PackKeys(PackingPlan plan, in RowSource source, in PackedHead head, int block, in PackScratch scratch);

    /// <summary>Packs one block of V.</summary>
    /// <inheritdoc cref="PackKeys"/>
    public abstract void PackValues(PackingPlan plan, in RowSource source, in PackedHead head, int block, in PackScratch scratch);

    /// <summary>Packs query rows.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="source">Q.</param>
    /// <param name="head">Scales, and the key mean for the row constants.</param>
    /// <param name="firstSlot">First storage slot.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="mean">Mean of the query block when Q is smoothed; null otherwise.</param>
    /// <param name="target">Where to.</param>
    /// <param name="scratch">Rows of the worker.</param>
    /// <returns>Bits of the largest magnitude.</returns>
    public abstract int PackQueries(
        PackingPlan plan, in RowSource source, in PackedHead head, int firstSlot, int rows, float* mean, in PackedQueries target,
        in PackScratch scratch);

    /// <summary>Raises the magnitudes of scale groups by a stretch of rows.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="source">The operand's tensor.</param>
    /// <param name="head">Where the magnitudes lie.</param>
    /// <param name="operand">Which operand.</param>
    /// <param name="firstSlot">First storage slot.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="mean">Mean to take off first, or null.</param>
    /// <param name="scratch">Rows of the worker.</param>
    public abstract void CollectMagnitudes(
        PackingPlan plan, in RowSource source, in PackedHead head, AttentionOperand operand, int firstSlot, int rows, float* mean,
        in PackScratch scratch);

    /// <summary>
    /// Dot products of one row with smoothed key rows, times a factor: the rank-1 term of query smoothing. Padding gives 0.
    /// </summary>
    public abstract void KeyDots(
        PackingPlan plan, in RowSource source, in PackedHead head, float* row, int firstSlot, int slots, float factor, float* destination,
        in PackScratch scratch);

    /// <summary>
    /// Adds the rows of a stretch of slots to sums of channels in binary64, each channel in slot order whatever the width.
    /// </summary>
    /// <returns>Slots that hold a token.</returns>
    public abstract int AddRows(
        PackingPlan plan, in RowSource source, in PackedHead head, int firstSlot, int rows, double* sums, in PackScratch scratch);
}
