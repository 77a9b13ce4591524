using Tessera.Backends.Cpu.Packing;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>Memory of the packed operands of the heads in flight.</summary>
internal sealed unsafe class HeadArena : IDisposable
{
    private readonly AlignedMemory _memory;
    private readonly int* _tensors;

    public HeadArena(PackingPlan plan, int heads, bool packsValues)
    {
        Heads = new PackedHead[heads];
        _memory = new AlignedMemory(AlignedMemory.Alignment + (BytesPerHead(plan, packsValues) * heads), zeroed: false);
        _tensors = (int*)_memory.Pointer;
        byte* next = _memory.Pointer + AlignedMemory.Alignment;
        for (int i = 0; i < heads; i++)
        {
            next += Lay(plan, packsValues, _tensors, next, out Heads[i]);
        }
    }

    /// <summary>The heads in flight.</summary>
    public PackedHead[] Heads { get; }

    /// <summary>Bytes of all of them.</summary>
    public long Bytes => _memory.Bytes;

    /// <summary>Bytes of one head.</summary>
    public static long BytesPerHead(PackingPlan plan, bool packsValues) => Lay(plan, packsValues, null, null, out _);

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

    private static long Lay(PackingPlan plan, bool packsValues, int* tensors, byte* memory, out PackedHead head)
    {
        CpuLayout layout = plan.Layout;
        Carver carver = new(memory);
        head = default;
        head.Key = (float*)carver.Take(4 * layout.KeyBlockFloats * layout.KeyBlocks);
        head.Value = packsValues ? (float*)carver.Take(4 * layout.ValueBlockFloats * layout.KeyBlocks) : null;
        long columns = (long)layout.KeyBlocks * layout.KeyStride;
        if (layout.IntegerScores)
        {
            head.KeyScales = (float*)carver.Take(4 * columns);
            head.Corrections = (int*)carver.Take(4 * columns);
        }

        if (layout.IntegerOutput)
        {
            head.ColumnScales = (float*)carver.Take(4L * layout.KeyBlocks * layout.SegmentsPerBlock * layout.OutputColumns);
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
