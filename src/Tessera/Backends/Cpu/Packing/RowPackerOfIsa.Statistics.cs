using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>What is read from rows without packing them: magnitudes of scale groups, means, and the rank-1 term of query smoothing.</summary>
internal sealed unsafe partial class RowPacker<TIsa, TVector>
{
    public override void CollectMagnitudes(
        PackingPlan plan, in RowSource source, in PackedHead head, AttentionOperand operand, int firstSlot, int rows, float* mean,
        in PackScratch scratch)
    {
        CpuLayout layout = plan.Layout;
        TokenOrder? order = plan.OrderOf(head.Head);
        OperandScales scales = new(plan, head, operand);
        int channels = operand == AttentionOperand.Value ? layout.Shape.HeadDim : layout.DotChannels;
        for (int slot = firstSlot; slot < firstSlot + rows; slot++)
        {
            float* row = Read(source, head, order, slot, scratch.Rows, scratch);
            if (row == null)
            {
                continue;
            }

            float* values = operand == AttentionOperand.Value
                ? PrepareValue(plan, row, mean, scratch.Rows)
                : Prepare(plan, row, mean, scratch.Rows);
            if (scales.Mode == ScaleMode.RowGroups)
            {
                Raise(ref scales.Group(scales.GroupOf(slot)), RowRounding<TIsa, TVector>.MagnitudeBits(values, channels));
                continue;
            }

            int* columns = scales.Columns(scales.GroupOf(slot));
            for (int channel = 0; channel < channels; channel++)
            {
                int bits = BitConverter.SingleToInt32Bits(values[channel]) & int.MaxValue;
                if (bits > Volatile.Read(ref columns[channel]))
                {
                    Raise(ref columns[channel], bits);
                }
            }
        }
    }

    public override void KeyDots(
        PackingPlan plan, in RowSource source, in PackedHead head, float* row, int firstSlot, int slots, float factor, float* destination,
        in PackScratch scratch)
    {
        TokenOrder? order = plan.OrderOf(head.Head);
        int channels = plan.Layout.Shape.HeadDim;
        float mean = plan.Recipe.SmoothKey ? Dot(row, head.KeyMean, channels) : 0;
        for (int i = 0; i < slots; i++)
        {
            float* key = Read(source, head, order, firstSlot + i, scratch.Rows, scratch);
            destination[i] = key == null ? 0 : factor * (Dot(key, row, channels) - mean);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int AddRows(
        PackingPlan plan, in RowSource source, in PackedHead head, int firstSlot, int rows, double* sums, in PackScratch scratch)
    {
        TokenOrder? order = plan.OrderOf(head.Head);
        int channels = plan.Layout.Shape.HeadDim;
        int valid = 0;
        for (int slot = firstSlot; slot < firstSlot + rows; slot++)
        {
            float* row = Read(source, head, order, slot, scratch.Rows, scratch);
            if (row == null)
            {
                continue;
            }

            valid++;
            int channel = 0;
            for (; channel + 8 <= channels; channel += 8)
            {
                (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.Load(row + channel));
                (Vector256.Load(sums + channel) + low).Store(sums + channel);
                (Vector256.Load(sums + channel + 4) + high).Store(sums + channel + 4);
            }

            for (; channel < channels; channel++)
            {
                sums[channel] += row[channel];
            }
        }

        return valid;
    }

    private static float Dot(float* left, float* right, int count)
    {
        TVector sum = TIsa.Zero;
        int i = 0;
        for (; i + TIsa.Count <= count; i += TIsa.Count)
        {
            sum = TIsa.MultiplyAdd(TIsa.Load(left + i), TIsa.Load(right + i), sum);
        }

        float total = TIsa.Sum(sum);
        for (; i < count; i++)
        {
            total += left[i] * right[i];
        }

        return total;
    }
}
