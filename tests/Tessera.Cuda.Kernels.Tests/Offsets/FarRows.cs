using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch.Parameters;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Offsets;

/// <summary>
/// Kernels over rows: 128 slots of the last head, whose tokens, positions, rotary factors, order, groups, codes, scales, maxima and sums all
/// lie beyond 2^32 bytes of their arrays. Tokens are reached by strides of which each alone goes beyond 2^32 elements.
/// </summary>
internal static class FarRows
{
    private const int Slots = 128;
    private const int Channels = 64;
    private const int Pairs = Channels / 2;

    // Of three axes: pairs of each, and positions.
    private static readonly int[] First = [0, 12, 22, Pairs];
    private static readonly int[] Extents = [5, 7, 3];

    /// <summary>Codes, scales and constants of Q under key smoothing, with groups of 64 slots and with groups from maxima.</summary>
    public static void Quantize(EmulatedKernels kernels) => SameBits(kernels, data =>
    {
        RowsParameters rows = Rows(data, isTurned: true, out int pair);
        int pairs = pair + 1;
        long firstRow = (long)pair * rows.PaddedSlots;
        int stride = data.Pick(100_000_000, 130);
        int group = data.Pick(90_000_000, 1);
        ulong groups = data.Put((long)rows.OrderHeads * rows.Slots, (rows.OrderHeads - 1L) * rows.Slots, [.. Enumerable.Range(0, Slots).Select(slot => group + (slot % 9))]);
        ulong maxima = data.Empty<uint>((long)pairs * stride);
        data.Launch("group_maxima_d64", 1, pairs, new GroupMaximaParameters { Rows = rows, GroupMaxima = maxima, SlotGroups = groups, GroupStride = stride });
        List<object> results = [data.Read<uint>(maxima, ((long)pair * stride) + group, 9)];
        float[] mean = [.. Normal(Channels, 5)];
        foreach (int groupRows in new[] { 64, 0 })
        {
            QuantizeRowsParameters parameters = new()
            {
                Rows = rows,
                Codes = data.Empty<byte>((long)pairs * rows.PaddedSlots * Channels),
                Scales = data.Empty<float>((long)pairs * rows.PaddedSlots),
                GroupMaxima = maxima,
                SlotGroups = groups,
                ConstantMean = data.Put((long)pairs * Channels, (long)pair * Channels, mean),
                RowConstants = data.Empty<float>((long)pairs * rows.PaddedSlots),
                GroupStride = stride,
                GroupRows = groupRows,
                MaximumCode = 127,
                ConstantFactor = 0.125f,
            };
            data.Launch("quantize_rows_int8_d64", 1, pairs, parameters);
            results.Add(data.Read<byte>(parameters.Codes, firstRow * Channels, Slots * Channels));
            results.Add(data.Read<float>(parameters.Scales, firstRow, Slots));
            results.Add(data.Read<float>(parameters.RowConstants, firstRow, Slots));
        }

        return results;
    });

    /// <summary>Sums of channels, and their means.</summary>
    public static void Sum(EmulatedKernels kernels)
    {
        SameBits(kernels, data =>
        {
            RowsParameters rows = Rows(data, isTurned: true, out int pair);
            int chunks = rows.PaddedSlots / 64;
            ChannelSumsParameters parameters = new() { Rows = rows, Sums = data.Empty<double>((pair + 1L) * chunks * Channels), Chunks = chunks };
            data.Launch("channel_sums_d64", 1, pair + 1, parameters);
            return [data.Read<double>(parameters.Sums, (long)pair * chunks * Channels, Slots / 64 * Channels)];
        });
        SameBits(kernels, data =>
        {
            // The stride between chunks is a parameter: a few heads reach as far as a million would.
            int head = data.Pick(299, 0);
            int padded = data.Pick(1 << 20, Channels);
            ChannelMeansParameters parameters = new()
            {
                Sums = data.Empty<double>((head + 1L) * 4 * padded),
                Means = data.Empty<float>((head + 1L) * Channels),
                Chunks = 4,
                Channels = Channels,
                PaddedChannels = padded,
                Tokens = 250,
            };
            for (int chunk = 0; chunk < 4; chunk++)
            {
                data.Write(parameters.Sums, ((head * 4L) + chunk) * padded, Array.ConvertAll(Normal(Channels, chunk), static x => (double)x));
            }

            data.Launch("channel_means", head + 1, 1, parameters);
            return [data.Read<float>(parameters.Means, (long)head * Channels, Channels)];
        });
    }

    /// <summary>Codes and scales of V, with a scale a block and with a scale from maxima.</summary>
    public static void Values(EmulatedKernels kernels) => SameBits(kernels, data =>
    {
        RowsParameters rows = Rows(data, isTurned: false, out int pair);
        List<object> results = [];
        foreach (int groupSlots in new[] { 64, 128 })
        {
            int groups = rows.PaddedSlots / groupSlots;
            ulong maxima = groupSlots == 64 ? 0 : data.Empty<uint>((pair + 1L) * groups * Channels);
            QuantizeValuesParameters parameters = new()
            {
                Rows = rows,
                Codes = data.Empty<byte>((pair + 1L) * Channels * rows.PaddedSlots),
                Scales = data.Empty<float>((pair + 1L) * groups * Channels),
                Maxima = maxima,
                GroupSlots = groupSlots,
                Groups = groups,
                MaximumCode = 127,
            };
            if (maxima != 0)
            {
                data.Launch("value_maxima_d64", 2, pair + 1, new ValueMaximaParameters { Rows = rows, Maxima = maxima, GroupSlots = groupSlots, Groups = groups });
                results.Add(data.Read<uint>(maxima, (long)pair * groups * Channels, Channels));
            }

            data.Launch("quantize_values_int8_d64", 2, pair + 1, parameters);
            results.Add(data.Read<float>(parameters.Scales, (long)pair * groups * Channels, Slots / groupSlots * Channels));
            for (int channel = 0; channel < Channels; channel++)
            {
                results.Add(data.Read<byte>(parameters.Codes, (((long)pair * Channels) + channel) * rows.PaddedSlots, Slots));
            }
        }

        return results;
    });

    /// <summary>The last of 2 sequences of 6 heads; near, the only one.</summary>
    private static RowsParameters Rows(FarData data, bool isTurned, out int pair)
    {
        (int batches, int heads) = data.IsFar ? (2, 6) : (1, 1);
        pair = (batches * heads) - 1;
        int slots = data.Pick(230_000_000, Slots);
        int firstToken = data.Pick(400_000_000, 0);
        int[] tokens = [.. Enumerable.Range(0, Slots).Select(slot => firstToken + (slot * 37 % Slots))];
        RowsParameters rows = new()
        {
            BatchStride = data.Pick((1L << 36) + 8, 0),
            HeadStride = data.Pick((1L << 33) + 4, 0),
            TokenStride = Channels,
            Order = data.Put((long)heads * slots, (heads - 1L) * slots, tokens),
            Heads = heads,
            OrderHeads = heads,
            Slots = slots,
            PaddedSlots = slots,
            Channels = Channels,
        };
        long first = ((batches - 1) * rows.BatchStride) + ((heads - 1) * rows.HeadStride) + ((long)firstToken * rows.TokenStride);
        rows.Source = data.Put(first + (Slots * Channels), first, Normal(Slots * Channels, 1));
        if (isTurned)
        {
            AddRotary(data, ref rows, firstToken);
        }

        return rows;
    }

    private static void AddRotary(FarData data, ref RowsParameters rows, int firstToken)
    {
        int[] firstPosition = [data.Pick(60_000_000, 0), 0, 0];
        int[] positions = new int[3 * Slots];
        for (int i = 0; i < positions.Length; i++)
        {
            positions[i] = firstPosition[i % 3] + (i / 3 % Extents[i % 3]);
        }

        rows.RotaryPositions = data.Put(3L * (firstToken + Slots), 3L * firstToken, positions);
        float[] factors = Normal(2 * Pairs * Extents.Max(), 2);
        int[] offsets = [0, (firstPosition[0] + Extents[0]) * First[1], ((firstPosition[0] + Extents[0]) * First[1]) + (Extents[1] * (First[2] - First[1]))];
        rows.RotaryFactors = data.Empty<float>(2L * (offsets[2] + (Extents[2] * (Pairs - First[2]))));
        for (int axis = 0; axis < 3; axis++)
        {
            int pairs = First[axis + 1] - First[axis];
            data.Write(
                rows.RotaryFactors, 2L * (offsets[axis] + ((long)firstPosition[axis] * pairs)), factors.AsSpan(axis, 2 * pairs * Extents[axis]).ToArray());
        }

        (rows.RotaryFirst1, rows.RotaryFirst2) = (First[1], First[2]);
        (rows.RotaryOffset1, rows.RotaryOffset2) = (offsets[1], offsets[2]);
    }

    internal static float[] Normal(int count, int seed)
    {
        float[] values = new float[count];
        SeededInputs.FillNormal(new Random(seed), values);
        return values;
    }

    internal static void SameBits(EmulatedKernels kernels, Func<FarData, List<object>> run)
    {
        using EmulatedDevice device = new(kernels: kernels);
        using FarData near = new(device, isFar: false);
        using FarData far = new(device, isFar: true);
        List<object> expected = run(near);
        List<object> actual = run(far);
        Assert.Equal(expected.Count, actual.Count);
        foreach ((object wanted, object got) in expected.Zip(actual))
        {
            Assert.Equal(wanted, got);
        }
    }
}
