using Tessera.Attention;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch.Parameters;
using Tessera.Layout;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Quantization;

/// <summary>Codes and scales of V against <see cref="Quantizer"/>, bit for bit, in the transposed and permuted layout.</summary>
public sealed class QuantizeValuesTests
{
    // Section "V permutation" of docs/design/cuda-kernels.md.
    private static readonly int[] Permutation = [0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15];

    [EmulatedTheory]
    [InlineData(NumberFormat.Int8, 0, 64)]
    [InlineData(NumberFormat.Int8, 64, 64)]
    [InlineData(NumberFormat.Int8, 64, 128)]
    [InlineData(NumberFormat.Int8, 128, 128)]
    [InlineData(NumberFormat.Int4, 64, 100)]
    [InlineData(NumberFormat.Float8E4M3, 0, 128)]
    [InlineData(NumberFormat.Float8E4M3, 64, 40)]
    [InlineData(NumberFormat.BFloat16, 0, 64)]
    [InlineData(NumberFormat.BFloat16, 0, 120)]
    [InlineData(NumberFormat.Float16, 0, 64)]
    [InlineData(NumberFormat.Float16, 0, 100)]
    public void Codes_and_scales_equal_the_plain_quantiser(NumberFormat number, int group, int channels)
    {
        TokenGrid grid = new(3, 7, 9, TextTokens: 5, TextPlacement.Back);
        Check(new OperandFormat(number, QuantizationGranularity.PerChannel, group), channels, grid, []);
        Check(new OperandFormat(number, QuantizationGranularity.PerChannel, group), channels, grid, [TokenOrder.ForAxisOrder(grid, new AxisOrder(3))]);
        Check(new OperandFormat(number, QuantizationGranularity.PerChannel, group), channels, grid, [new TileLayout(grid, new TileShape(2, 3, 4)).Order]);
    }

    [EmulatedTheory]
    [InlineData(1, 1)]
    [InlineData(64, 64)]
    [InlineData(65, 3)]
    public void Odd_sizes_are_quantised_alike(int tokens, int channels)
    {
        Check(new OperandFormat(NumberFormat.Int8, QuantizationGranularity.PerChannel, 64), channels, new TokenGrid(1, 1, tokens), []);
        Check(new OperandFormat(NumberFormat.Int8, QuantizationGranularity.PerChannel), channels, new TokenGrid(1, 1, tokens), []);
    }

    private static void Check(OperandFormat format, int channels, TokenGrid grid, TokenOrder[] orders)
    {
        AttentionShape shape = new(1, 2, grid.Tokens, grid.Tokens, channels);
        SeededInputs inputs = SeededInputs.Normal(shape, seed: channels);
        using EmulatedDevice device = new(schedule: new EmulatedSchedule(3));
        using DeviceData data = new(device);
        KernelOperands operands = new(data, shape, orders, grid);
        RowsParameters rows = operands.Rows(data.Put<float>(inputs.Value), grid.Tokens, turned: false);
        (ulong codes, ulong scales, int groups) = operands.QuantizeValues(rows, format);
        int bytes = format.Format.CodeBytes();
        byte[] actual = data.Get<byte>(codes, (long)operands.Pairs * operands.PaddedChannels * rows.PaddedSlots * bytes);
        float[] actualScales = scales == 0 ? [] : data.Get<float>(scales, (long)operands.Pairs * groups * operands.PaddedChannels);
        byte[] zero = new byte[bytes];
        for (int pair = 0; pair < operands.Pairs; pair++)
        {
            TokenOrder? order = orders.Length == 0 ? null : orders[0];
            float[] stored = new float[rows.Slots * channels];
            ReadOnlySpan<float> natural = inputs.Value.AsSpan(pair * grid.Tokens * channels, grid.Tokens * channels);
            (order ?? TokenOrder.Identity(grid.Tokens)).Gather(natural, stored, channels, 0f);
            QuantizedTensor expected = Quantizer.Quantize(stored, channels, format, AttentionOperand.Value, order, grid);
            for (int channel = 0; channel < operands.PaddedChannels; channel++)
            {
                for (int position = 0; position < rows.PaddedSlots; position++)
                {
                    int slot = bytes == 1 ? (position / 16 * 16) + Permutation[position % 16] : position;
                    int index = ((((pair * operands.PaddedChannels) + channel) * rows.PaddedSlots) + position) * bytes;
                    bool inside = slot < rows.Slots && channel < channels;
                    ReadOnlySpan<byte> wanted = inside ? expected.Codes.Slice(((slot * channels) + channel) * bytes, bytes) : zero;
                    Assert.True(wanted.SequenceEqual(actual.AsSpan(index, bytes)), $"{format}, pair {pair}, channel {channel}, slot {slot}");
                }

                for (int group = 0; group < groups && actualScales.Length > 0; group++)
                {
                    float wanted = channel < channels ? expected.Scales[(group * channels) + channel] : 1f;
                    Assert.Equal(wanted, actualScales[(((pair * groups) + group) * operands.PaddedChannels) + channel]);
                }
            }
        }
    }
}
