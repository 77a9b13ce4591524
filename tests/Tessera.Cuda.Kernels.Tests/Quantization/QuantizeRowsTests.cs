using Tessera.Attention;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch.Parameters;
using Tessera.Layout;
using Tessera.Numerics;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Quantization;

/// <summary>Codes and scales of Q and K against <see cref="Quantizer"/>, bit for bit.</summary>
public sealed class QuantizeRowsTests
{
    private static readonly OperandFormat[] Formats =
    [
        new(NumberFormat.Int8),
        new(NumberFormat.Int8, QuantizationGranularity.PerBlock, 32),
        new(NumberFormat.Int8, QuantizationGranularity.PerBlock, 64),
        new(NumberFormat.Int8, QuantizationGranularity.PerBlock, 128),
        new(NumberFormat.Int8, QuantizationGranularity.PerHead),
        new(NumberFormat.Int8, QuantizationGranularity.PerThread, 32),
        new(NumberFormat.Int7),
        new(NumberFormat.Int4, QuantizationGranularity.PerBlock, 16),
        new(NumberFormat.Float8E4M3),
        new(NumberFormat.Float8E4M3, QuantizationGranularity.PerBlock, 64),
        new(NumberFormat.Float8E4M3, QuantizationGranularity.PerTile, 0, new TileShape(2, 3, 4)),
        new(NumberFormat.BFloat16),
    ];

    public static TheoryData<string, int> Cases
    {
        get
        {
            TheoryData<string, int> cases = [];
            foreach (OperandFormat format in Formats)
            {
                cases.Add(format.ToString(), 64);
                cases.Add(format.ToString(), 128);
                cases.Add(format.ToString(), 80);
            }

            return cases;
        }
    }

    [EmulatedTheory]
    [MemberData(nameof(Cases))]
    public void Codes_and_scales_equal_the_plain_quantiser(string name, int channels)
    {
        TokenGrid grid = new(3, 7, 9, TextTokens: 5, TextPlacement.Front);
        TokenOrder[] orders = [.. new[] { 2, 4 }.Select(id => TokenOrder.ForAxisOrder(grid, new AxisOrder(id)))];
        Check(Formats.First(format => format.ToString() == name), channels, grid, orders, rotary: true);
    }

    [EmulatedTheory]
    [InlineData(1, 64)]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(65, 40)]
    [InlineData(128, 128)]
    [InlineData(130, 126)]
    public void Odd_sizes_are_quantised_alike(int tokens, int channels)
    {
        foreach (OperandFormat format in new[] { Formats[0], Formats[2], Formats[8], Formats[11] })
        {
            Check(format, channels, new TokenGrid(1, 1, tokens), [], rotary: false);
        }
    }

    [EmulatedFact]
    public void Padding_slots_hold_zeros_and_do_not_count()
    {
        TokenGrid grid = new(5, 9, 10);
        TileLayout layout = new(grid, new TileShape(2, 3, 4));
        Assert.True(layout.Order.IsPadded);
        Check(Formats[2], 64, grid, [layout.Order], rotary: true);
        Check(Formats[10], 64, grid, [layout.Order], rotary: true);
    }

    [EmulatedTheory]
    [InlineData(TensorFormat.BFloat16)]
    [InlineData(TensorFormat.Float16)]
    internal void Sixteen_bit_inputs_are_widened_exactly(TensorFormat source)
    {
        AttentionShape shape = new(2, 3, 70, 70, 72);
        float[] rows = Rounded(SeededInputs.Normal(shape).Query, source);
        foreach (bool tokensFirst in new[] { false, true })
        {
            using EmulatedDevice device = new();
            using DeviceData data = new(device);
            KernelOperands operands = new(data, shape, []);
            float[] stored = tokensFirst ? TokensFirst(rows, shape) : rows;
            ulong address = source == TensorFormat.BFloat16
                ? data.Put<BFloat16>(stored.Select(static x => (BFloat16)x).ToArray())
                : data.Put<Half>(stored.Select(static x => (Half)x).ToArray());
            RowsParameters parameters = operands.Rows(address, 70, turned: false, format: source, tokensFirst: tokensFirst);
            Compare(operands, parameters, Formats[0], [.. Enumerable.Range(0, 6).Select(pair => rows[(pair * 70 * 72)..((pair + 1) * 70 * 72)])], shape, [], null);
        }
    }

    [EmulatedFact]
    public void Means_of_keys_are_taken_off_and_their_part_of_the_scores_is_kept()
    {
        AttentionShape shape = new(1, 2, 200, 200, 96);
        SeededInputs inputs = SeededInputs.Biased(shape);
        using EmulatedDevice device = new();
        using DeviceData data = new(device);
        KernelOperands operands = new(data, shape, []);
        RowsParameters keys = operands.Rows(data.Put<float>(inputs.Key), 200, turned: false);
        keys.Mean = operands.Means(keys);
        float[] means = data.Get<float>(keys.Mean, 2 * 96);
        List<float[]> smoothed = [];
        for (int head = 0; head < 2; head++)
        {
            float[] rows = inputs.Key[(head * 200 * 96)..((head + 1) * 200 * 96)];
            float[] mean = new float[96];
            KeySmoothing.Mean(rows, 96, null, mean);
            NumericAssert.BitwiseEqual(mean, means.AsSpan(head * 96, 96));
            KeySmoothing.Subtract(rows, 96, null, mean);
            smoothed.Add(rows);
        }

        Compare(operands, keys, Formats[0], smoothed, shape, [], null);
        (_, _, ulong constants) = operands.Quantize(
            operands.Rows(data.Put<float>(inputs.Query), 200, turned: false), Formats[0], AttentionOperand.Query, keys.Mean, 0.1f);
        float[] actual = data.Get<float>(constants, 2 * 256);
        for (int head = 0; head < 2; head++)
        {
            for (int slot = 0; slot < 200; slot++)
            {
                double expected = KeySmoothing.LogSumExpCorrection(
                    inputs.Query.AsSpan(((head * 200) + slot) * 96, 96), means.AsSpan(head * 96, 96), 0.1);
                Assert.Equal(expected, actual[(head * 256) + slot], 4e-6 * Math.Max(1, Math.Abs(expected)));
            }
        }
    }

    [EmulatedTheory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(1f)]
    public void Values_that_are_not_finite_raise_the_fault(float odd)
    {
        AttentionShape shape = new(1, 1, 100, 100, 64);
        SeededInputs inputs = SeededInputs.Normal(shape);
        inputs.Query[4321] = odd;
        using EmulatedDevice device = new();
        using DeviceData data = new(device);
        KernelOperands operands = new(data, shape, []) { Fault = data.Zeros<uint>(1) };
        operands.Quantize(operands.Rows(data.Put<float>(inputs.Query), 100, turned: false), Formats[0], AttentionOperand.Query);
        Assert.Equal(float.IsFinite(odd) ? 0u : 1u, data.Get<uint>(operands.Fault, 1)[0]);
    }

    internal static void Check(
        OperandFormat format, int channels, TokenGrid grid, TokenOrder[] orders, bool rotary, EmulatedKernels? kernels = null)
    {
        int heads = Math.Max(1, orders.Length);
        AttentionShape shape = new(2, heads, grid.Tokens, grid.Tokens, channels);
        SeededInputs inputs = SeededInputs.Normal(shape, seed: channels);
        inputs.Query[0] = 1e-35f;
        inputs.Query.AsSpan((shape.QueryLength - 1) * channels, channels).Clear();
        RotaryEmbedding? embedding = rotary ? RotaryEmbedding.ForGrid(grid, channels) : null;
        using EmulatedDevice device = new(schedule: new EmulatedSchedule((ulong)channels), kernels: kernels);
        using DeviceData data = new(device);
        KernelOperands operands = new(data, shape, orders, grid) { Rotary = embedding };
        List<float[]> stored = [];
        for (int pair = 0; pair < 2 * heads; pair++)
        {
            TokenOrder? order = orders.Length == 0 ? null : orders[orders.Length == 1 ? 0 : pair % heads];
            stored.Add(Stored(inputs.Query.AsSpan(pair * grid.Tokens * channels, grid.Tokens * channels), channels, order, embedding));
        }

        RowsParameters rows = operands.Rows(data.Put<float>(inputs.Query), grid.Tokens, turned: true);
        Compare(operands, rows, format, stored, shape, orders, grid);
    }

    private static void Compare(
        KernelOperands operands, RowsParameters rows, OperandFormat format, List<float[]> stored, AttentionShape shape, TokenOrder[] orders, TokenGrid? grid)
    {
        DeviceData data = operands.Data;
        int channels = shape.HeadDim;
        int bytes = format.Format.CodeBytes();
        (ulong codes, ulong scales, _) = operands.Quantize(rows, format, AttentionOperand.Query);
        byte[] actual = data.Get<byte>(codes, (long)operands.Pairs * rows.PaddedSlots * operands.PaddedChannels * bytes);
        float[] actualScales = scales == 0 ? [] : data.Get<float>(scales, (long)operands.Pairs * rows.PaddedSlots);
        for (int pair = 0; pair < operands.Pairs; pair++)
        {
            TokenOrder? order = orders.Length == 0 ? null : orders[orders.Length == 1 ? 0 : pair % shape.Heads];
            QuantizedTensor expected = Quantizer.Quantize(stored[pair], channels, format, AttentionOperand.Query, order, grid);
            for (int slot = 0; slot < rows.PaddedSlots; slot++)
            {
                int row = ((pair * rows.PaddedSlots) + slot) * operands.PaddedChannels * bytes;
                ReadOnlySpan<byte> wanted = slot < rows.Slots ? expected.Codes.Slice(slot * channels * bytes, channels * bytes) : [];
                Assert.True(wanted.SequenceEqual(actual.AsSpan(row, wanted.Length)), $"{format}, pair {pair}, slot {slot}");
                Assert.All(actual.AsSpan(row + wanted.Length, (operands.PaddedChannels * bytes) - wanted.Length).ToArray(), static code => Assert.Equal(0, code));
                if (actualScales.Length > 0)
                {
                    float scale = slot < rows.Slots ? expected.ScaleAt(slot, 0) : 1f;
                    bool padding = slot < rows.Slots && order is not null && order.TokenAt(slot) == TokenOrder.Padding;
                    float got = actualScales[(pair * rows.PaddedSlots) + slot];
                    Assert.True(padding ? float.IsFinite(got) : got == scale, $"{format}, pair {pair}, slot {slot}: scale {got}, wanted {scale}");
                }
            }
        }
    }

    /// <summary>Rows in storage order, turned as the CPU backend turns them: one fused multiply-add a channel.</summary>
    private static float[] Stored(ReadOnlySpan<float> rows, int channels, TokenOrder? order, RotaryEmbedding? rotary)
    {
        int slots = order?.Slots ?? (rows.Length / channels);
        float[] stored = new float[slots * channels];
        for (int slot = 0; slot < slots; slot++)
        {
            int token = order?.TokenAt(slot) ?? slot;
            for (int channel = 0; token >= 0 && channel < channels; channel++)
            {
                float own = rows[(token * channels) + channel];
                if (rotary is not null && (channel ^ 1) < channels)
                {
                    (double sine, double cosine) = Math.SinCos(rotary.Angle(token, channel / 2));
                    float signed = channel % 2 == 0 ? -(float)sine : (float)sine;
                    own = MathF.FusedMultiplyAdd(own, (float)cosine, rows[(token * channels) + (channel ^ 1)] * signed);
                }

                stored[(slot * channels) + channel] = own;
            }
        }

        return stored;
    }

    private static float[] Rounded(float[] rows, TensorFormat format) =>
        [.. rows.Select(x => format == TensorFormat.BFloat16 ? (float)(BFloat16)x : (float)(Half)x)];

    private static float[] TokensFirst(float[] rows, AttentionShape shape)
    {
        float[] moved = new float[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            int channel = i % shape.HeadDim;
            int token = i / shape.HeadDim % shape.QueryLength;
            int pair = i / shape.HeadDim / shape.QueryLength;
            moved[(((((pair / shape.Heads * shape.QueryLength) + token) * shape.Heads) + (pair % shape.Heads)) * shape.HeadDim) + channel] = rows[i];
        }

        return moved;
    }
}
