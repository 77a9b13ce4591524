using Tessera.Backends.Cpu.Packing;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>Memory of the packed operands of the heads in flight.</summary>
internal sealed unsafe class HeadArena : IDisposable
{
    private readonly AlignedMemory _memory;
    private readonly PackedHead[] _places;
    private readonly int* _tensors;

    /// <param name="plan">What is packed.</param>
    /// <param name="heads">Heads at once.</param>
    /// <param name="packsValues">Whether there is a V.</param>
    /// <param name="keyBlocks">Key blocks of a head at once.</param>
    public HeadArena(PackingPlan plan, int heads, bool packsValues, int keyBlocks)
    {
        Heads = new PackedHead[heads];
        _memory = new AlignedMemory(AlignedMemory.Alignment + (BytesPerHead(plan, packsValues, keyBlocks) * heads), zeroed: false);
        _tensors = (int*)_memory.Pointer;
        byte* next = _memory.Pointer + AlignedMemory.Alignment;
        for (int i = 0; i < heads; i++)
        {
            next += Lay(plan, packsValues, keyBlocks, _tensors, next, out Heads[i]);
        }

        _places = [.. Heads];
    }

    /// <summary>The heads in flight.</summary>
    public PackedHead[] Heads { get; }

    /// <summary>Bytes of all of them.</summary>
    public long Bytes => _memory.Bytes;

    /// <summary>Bytes of one head.</summary>
    public static long BytesPerHead(PackingPlan plan, bool packsValues, int keyBlocks) =>
        Lay(plan, packsValues, keyBlocks, null, null, out _);

    /// <summary>
    /// Makes the memory hold key blocks from <paramref name="first"/> on. Pointers stay those of block 0, in memory or not, so that nobody
    /// else needs to know.
    /// </summary>
    public void MoveTo(CpuLayout layout, int first)
    {
        for (int i = 0; i < Heads.Length; i++)
        {
            ref PackedHead head = ref Heads[i];
            PackedHead place = _places[i];
            long columns = (long)first * layout.KeyStride;
            head.Key = place.Key - (first * layout.KeyBlockFloats);
            head.Value = place.Value - (first * layout.ValueBlockFloats);
            head.KeyScales = place.KeyScales == null ? null : place.KeyScales - columns;
            head.Corrections = place.Corrections == null ? null : place.Corrections - columns;
            head.ColumnScales = place.ColumnScales == null ? null
                : place.ColumnScales - ((long)first * layout.SegmentsPerBlock * layout.OutputColumns);
        }
    }

    /// <summary>Clears what packing raises, for a new group of heads.</summary>
    public void Reset(PackingPlan plan)
    {
        foreach (ref PackedHead head in Heads.AsSpan())
        {
            *head.LargestKey = 0;
            new Span<int>(head.QueryMagnitudes, (int)plan.MagnitudeCount(AttentionOperand.Query)).Clear();
            new Span<int>(head.KeyMagnitudes, (int)plan.MagnitudeCount(AttentionOperand.Key)).Clear();
            new Span<int>(head.ValueMagnitudes, (int)plan.MagnitudeCount(AttentionOperand.Value)).Clear();
        }
    }

    /// <summary>Clears the magnitudes that all heads share.</summary>
    public void ResetTensors() => new Span<int>(_tensors, 3).Clear();

    public void Dispose() => _memory.Dispose();

    private static long Lay(PackingPlan plan, bool packsValues, int keyBlocks, int* tensors, byte* memory, out PackedHead head)
    {
        CpuLayout layout = plan.Layout;
        Carver carver = new(memory);
        head = default;
        head.Key = (float*)carver.Take(4 * layout.KeyBlockFloats * keyBlocks);
        head.Value = packsValues ? (float*)carver.Take(4 * layout.ValueBlockFloats * keyBlocks) : null;
        long columns = (long)keyBlocks * layout.KeyStride;
        if (layout.IntegerScores)
        {
            head.KeyScales = (float*)carver.Take(4 * columns);
            head.Corrections = (int*)carver.Take(4 * columns);
        }

        if (layout.IntegerOutput)
        {
            head.ColumnScales = (float*)carver.Take(4L * keyBlocks * layout.SegmentsPerBlock * layout.OutputColumns);
        }

        head.KeyMean = (float*)carver.Take(4L * layout.RowChannels);
        head.ValueMean = (float*)carver.Take(4L * layout.RowChannels);
        if (plan.Recipe.SmoothKey || plan.Recipe.SmoothValue)
        {
            head.MeanSums = (double*)carver.Take(16L * plan.MeanStrips * layout.RowChannels);
        }

        head.QueryMagnitudes = Magnitudes(plan, AttentionOperand.Query, tensors, ref carver);
        head.KeyMagnitudes = Magnitudes(plan, AttentionOperand.Key, tensors, ref carver);
        head.ValueMagnitudes = Magnitudes(plan, AttentionOperand.Value, tensors, ref carver);
        head.LargestKey = (int*)carver.Take(4);
        return carver.Taken;
    }

    private static int* Magnitudes(PackingPlan plan, AttentionOperand operand, int* tensors, ref Carver carver) =>
        plan.HasTensorScale(operand) ? tensors + (int)operand : (int*)carver.Take(4 * plan.MagnitudeCount(operand));
}
