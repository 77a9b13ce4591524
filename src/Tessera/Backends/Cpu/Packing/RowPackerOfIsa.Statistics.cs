using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tessera.Attention;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>What is read from rows without packing them: group magnitudes, means, and the rank-1 term of query smoothing.</summary>
internal sealed unsafe partial class RowPacker<TIsa, TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CollectMagnitudes(
        PackingPlan plan, in RowSource source, in PackedHead head, AttentionOperand operand, int firstSlot, int rows, float* mean,
        in PackScratch scratch)
    {
        CpuLayout layout = plan.Layout;
        SlotRows<TIsa, TVector> tensor = Rows(plan, source, head, firstSlot + rows, scratch);
        OperandScales scales = new(plan, head, operand);
        bool isValue = operand == AttentionOperand.Value;
        int channels = isValue ? layout.Shape.HeadDim : layout.DotChannels;
        for (int slot = firstSlot; slot < firstSlot + rows; slot++)
        {
            float* values = tensor.Read(slot, scratch.Rows);
            if (values == null)
            {
                continue;
            }

            tensor.PrefetchAfter(slot);
            int magnitude;
            if (!isValue)
            {
                values = Prepare(plan, values, mean, scratch.Rows, out magnitude);
            }
            else
            {
                if (mean != null)
                {
                    Gather(values, mean, scratch.Rows, channels, layout.RowChannels);
                    values = scratch.Rows;
                }

                magnitude = RowRounding<TIsa, TVector>.MagnitudeBits(values, channels);
            }

            if (scales.Mode == ScaleMode.RowGroups)
            {
                Raise(ref scales.Group(scales.GroupOf(slot)), magnitude);
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void KeyDots(
        PackingPlan plan, in RowSource source, in PackedHead head, float* row, int firstSlot, int slots, float factor, float* destination,
        in PackScratch scratch)
    {
        SlotRows<TIsa, TVector> keys = Rows(plan, source, head, firstSlot + slots, scratch);
        int channels = plan.Layout.Shape.HeadDim;
        float mean = plan.Recipe.SmoothKey ? Dot(row, head.KeyMean, channels) : 0;
        for (int i = 0; i < slots; i++)
        {
            float* key = keys.Read(firstSlot + i, scratch.Rows);
            destination[i] = key == null ? 0 : factor * (Dot(key, row, channels) - mean);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int AddRows(
        PackingPlan plan, in RowSource source, in PackedHead head, int firstSlot, int rows, double* sums, in PackScratch scratch)
    {
        int slots = firstSlot + rows;
        SlotRows<TIsa, TVector> operand = Rows(plan, source, head, slots, scratch);
        int channels = plan.Layout.Shape.HeadDim;
        int valid = 0;
        int waiting = 0;
        float** pointers = stackalloc float*[4];
        for (int slot = firstSlot; slot < slots; slot++)
        {
            float* row = operand.Read(slot, scratch.Rows + (waiting * plan.Layout.RowChannels));
            if (row == null)
            {
                continue;
            }

            operand.PrefetchAfter(slot);
            valid++;
            pointers[waiting++] = row;
            if (waiting == 4)
            {
                AddFourRows(pointers, channels, sums);
                waiting = 0;
            }
        }

        for (int i = 0; i < waiting; i++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                sums[channel] += pointers[i][channel];
            }
        }

        return valid;
    }

    // One after the other into each sum, so that the order of additions does not depend on the width.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddFourRows(float** rows, int channels, double* sums)
    {
        float* row0 = rows[0];
        float* row1 = rows[1];
        float* row2 = rows[2];
        float* row3 = rows[3];
        int channel = 0;
        if (Avx512F.IsSupported)
        {
            for (; channel + 8 <= channels; channel += 8)
            {
                Vector512<double> sum = Vector512.Load(sums + channel);
                sum += Avx512F.ConvertToVector512Double(Vector256.Load(row0 + channel));
                sum += Avx512F.ConvertToVector512Double(Vector256.Load(row1 + channel));
                sum += Avx512F.ConvertToVector512Double(Vector256.Load(row2 + channel));
                sum += Avx512F.ConvertToVector512Double(Vector256.Load(row3 + channel));
                sum.Store(sums + channel);
            }
        }

        for (; channel + 4 <= channels; channel += 4)
        {
            Vector256<double> sum = Vector256.Load(sums + channel);
            sum += Vector256.WidenLower(Vector128.Load(row0 + channel).ToVector256Unsafe());
            sum += Vector256.WidenLower(Vector128.Load(row1 + channel).ToVector256Unsafe());
            sum += Vector256.WidenLower(Vector128.Load(row2 + channel).ToVector256Unsafe());
            sum += Vector256.WidenLower(Vector128.Load(row3 + channel).ToVector256Unsafe());
            sum.Store(sums + channel);
        }

        for (; channel < channels; channel++)
        {
            sums[channel] = sums[channel] + row0[channel] + row1[channel] + row2[channel] + row3[channel];
        }
    }

    // Four registers of sums hide the latency of the multiply-add.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot(float* left, float* right, int count)
    {
        TVector sum0 = TIsa.Zero;
        TVector sum1 = TIsa.Zero;
        TVector sum2 = TIsa.Zero;
        TVector sum3 = TIsa.Zero;
        int i = 0;
        for (; i + (4 * TIsa.Count) <= count; i += 4 * TIsa.Count)
        {
            sum0 = TIsa.MultiplyAdd(TIsa.Load(left + i), TIsa.Load(right + i), sum0);
            sum1 = TIsa.MultiplyAdd(TIsa.Load(left + i + TIsa.Count), TIsa.Load(right + i + TIsa.Count), sum1);
            sum2 = TIsa.MultiplyAdd(TIsa.Load(left + i + (2 * TIsa.Count)), TIsa.Load(right + i + (2 * TIsa.Count)), sum2);
            sum3 = TIsa.MultiplyAdd(TIsa.Load(left + i + (3 * TIsa.Count)), TIsa.Load(right + i + (3 * TIsa.Count)), sum3);
        }

        for (; i + TIsa.Count <= count; i += TIsa.Count)
        {
            sum0 = TIsa.MultiplyAdd(TIsa.Load(left + i), TIsa.Load(right + i), sum0);
        }

        float total = TIsa.Sum(TIsa.Add(TIsa.Add(sum0, sum1), TIsa.Add(sum2, sum3)));
        for (; i < count; i++)
        {
            total += left[i] * right[i];
        }

        return total;
    }
}
