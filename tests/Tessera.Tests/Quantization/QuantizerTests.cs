using Tessera.Layout;
using Tessera.Numerics;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Quantization;

public sealed class QuantizerTests
{
    private const int Channels = 5;

    public static TheoryData<OperandFormat> ScaledFormats
    {
        get
        {
            TheoryData<OperandFormat> data = [];
            foreach (NumberFormat format in new[] { NumberFormat.Int8, NumberFormat.Int7, NumberFormat.Int4, NumberFormat.Float8E4M3, NumberFormat.Float8E5M2 })
            {
                data.Add(new(format, QuantizationGranularity.PerTensor));
                data.Add(new(format, QuantizationGranularity.PerHead));
                data.Add(new(format, QuantizationGranularity.PerToken));
                data.Add(new(format, QuantizationGranularity.PerBlock, 16));
                data.Add(new(format, QuantizationGranularity.PerTile, 0, new TileShape(2, 2, 3)));
                data.Add(new(format, QuantizationGranularity.PerChannel));
                data.Add(new(format, QuantizationGranularity.PerChannel, 24));
                data.Add(new(format, QuantizationGranularity.PerThread, 32));
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ScaledFormats))]
    public void Scales_and_codes_follow_the_formula_and_padding_does_not_leak(OperandFormat format)
    {
        TokenGrid grid = new(3, 5, 4, 9, TextPlacement.Front);
        TokenOrder order = TokenOrder.ForAxisOrder(grid, new AxisOrder(4)).PaddedTo(32);
        float[] values = RandomRows(order.Slots, 7);
        for (int slot = 0; slot < order.Slots; slot++)
        {
            if (order.TokenAt(slot) == TokenOrder.Padding)
            {
                values.AsSpan(slot * Channels, Channels).Fill(slot % 2 == 0 ? float.NaN : 1e30f);
            }
        }

        QuantizedTensor quantized = Quantizer.Quantize(values, Channels, format, AttentionOperand.Key, order, grid);
        float maximumCode = format.Format.MaximumCode();
        Dictionary<int, float> maxima = [];
        ForEachValid(order, (slot, channel) =>
        {
            int group = quantized.Groups.IndexOf(slot, channel);
            maxima[group] = MathF.Max(maxima.GetValueOrDefault(group), MathF.Abs(values[(slot * Channels) + channel]));
        });
        foreach ((int group, float maximum) in maxima)
        {
            Assert.Equal(maximum / maximumCode, quantized.Scales[group]);
        }

        ForEachValid(order, (slot, channel) =>
        {
            float value = values[(slot * Channels) + channel];
            float inverse = maximumCode / maxima[quantized.Groups.IndexOf(slot, channel)];
            float code = quantized.CodeAt(slot, channel);
            float expected = format.Format switch
            {
                NumberFormat.Float8E4M3 => (float)(Float8E4M3)(value * inverse),
                NumberFormat.Float8E5M2 => (float)(Float8E5M2)(value * inverse),
                _ => (float)Math.Round((double)(value * inverse), MidpointRounding.ToEven),
            };
            Assert.Equal(Math.Clamp(expected, -maximumCode, maximumCode), code);
            Assert.Equal(quantized.ScaleAt(slot, channel) * code, quantized.Dequantize(slot, channel));
        });
        float[] single = new float[values.Length];
        double[] exact = new double[values.Length];
        quantized.Dequantize(single);
        quantized.Dequantize(exact);
        for (int i = 0; i < values.Length; i++)
        {
            bool padding = order.TokenAt(i / Channels) == TokenOrder.Padding;
            Assert.True(padding ? single[i] == 0 && exact[i] == 0 : (float)exact[i] == single[i]);
        }
    }

    [Theory]
    [InlineData(NumberFormat.Int8, 127)]
    [InlineData(NumberFormat.Int7, 63)]
    [InlineData(NumberFormat.Int4, 7)]
    public void Integer_error_is_at_most_half_a_step_and_the_extremes_use_the_whole_range(NumberFormat format, int maximumCode)
    {
        float[] values = RandomRows(200, 3);
        QuantizedTensor quantized = Quantizer.Quantize(values, Channels, new(format), AttentionOperand.Query);
        for (int slot = 0; slot < 200; slot++)
        {
            int largest = 0;
            for (int channel = 0; channel < Channels; channel++)
            {
                double error = ((double)quantized.ScaleAt(slot, channel) * quantized.CodeAt(slot, channel)) - values[(slot * Channels) + channel];
                // Half a step, and the three binary32 roundings of scale, inverse and product.
                Assert.True(Math.Abs(error) <= quantized.ScaleAt(slot, channel) * (0.5 + (maximumCode * 3 * Math.Pow(2, -24))));
                largest = Math.Max(largest, Math.Abs(quantized.IntegerCodes[(slot * Channels) + channel]));
            }

            Assert.Equal(maximumCode, largest);
        }
    }

    [Fact]
    public void Ties_go_to_even_codes()
    {
        // 127 is the maximum, so inverse is exactly 1.
        QuantizedTensor quantized = Quantizer.Quantize([127f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, -127f], 8, new(NumberFormat.Int8), AttentionOperand.Key);
        Assert.Equal([127, 0, 2, 2, 0, -2, -2, -127], quantized.IntegerCodes.ToArray());
        Assert.Equal(1f, quantized.Scales[0]);
    }

    [Theory]
    [MemberData(nameof(ScaledFormats))]
    public void A_group_of_zeros_has_scale_one_and_codes_zero(OperandFormat format)
    {
        QuantizedTensor quantized = Quantizer.Quantize(new float[60 * Channels], Channels, format, AttentionOperand.Key, null, new TokenGrid(3, 5, 4));
        Assert.All(quantized.Scales.ToArray(), scale => Assert.Equal(1f, scale));
        Assert.All(quantized.Codes.ToArray(), code => Assert.Equal(0, code));
    }

    [Theory]
    [InlineData(float.Epsilon)]
    [InlineData(1e-40f)]
    [InlineData(1e-37f)]
    [InlineData(Quantizer.SmallestMaximum)]
    [InlineData(1e-20f)]
    [InlineData(3.4e38f)]
    public void Extreme_magnitudes_stay_finite_and_lose_no_more_than_documented(float magnitude)
    {
        foreach (NumberFormat format in new[] { NumberFormat.Int8, NumberFormat.Int7, NumberFormat.Int4, NumberFormat.Float8E4M3, NumberFormat.Float8E5M2 })
        {
            float[] values = [magnitude, -magnitude / 2, 0];
            QuantizedTensor quantized = Quantizer.Quantize(values, 3, new(format), AttentionOperand.Query);
            Assert.True(float.IsNormal(quantized.Scales[0]));
            float largest = MathF.Max(magnitude, Quantizer.SmallestMaximum);
            // One integer step, or the FP8 unit in the last place at the largest code: 2^-3 and 2^-2 of it.
            double step = format.IsInteger() ? largest / (double)format.MaximumCode() : largest * (format == NumberFormat.Float8E4M3 ? 0.125 : 0.25);
            for (int channel = 0; channel < 3; channel++)
            {
                float value = quantized.Dequantize(0, channel);
                Assert.True(Math.Abs((double)value - values[channel]) <= 0.5001 * step, $"{format} {values[channel]} became {value}");
            }
        }
    }

    [Fact]
    public void Every_binade_of_the_maximum_gives_a_normal_scale_and_a_finite_inverse()
    {
        foreach (NumberFormat format in new[] { NumberFormat.Int8, NumberFormat.Int7, NumberFormat.Int4, NumberFormat.Float8E4M3, NumberFormat.Float8E5M2 })
        {
            for (int exponent = -149; exponent <= 127; exponent++)
            {
                (float scale, float inverse) = Quantizer.ScaleOf(MathF.ScaleB(1, exponent), format);
                Assert.True(float.IsNormal(scale) && float.IsNormal(inverse), $"{format} at 2^{exponent}: {scale}, {inverse}");
            }
        }
    }

    [Fact]
    public void Integers_refuse_NaN_and_scaled_formats_refuse_infinity_by_element()
    {
        float[] values = new float[6];
        values[4] = float.NaN;
        ArgumentException nan = Assert.Throws<ArgumentException>(() => Quantizer.Quantize(values, 3, new(NumberFormat.Int8), AttentionOperand.Query));
        Assert.Contains("values[1, 1] is NaN", nan.Message, StringComparison.Ordinal);
        values[4] = float.NegativeInfinity;
        foreach (NumberFormat format in new[] { NumberFormat.Int4, NumberFormat.Float8E4M3, NumberFormat.Float8E5M2, NumberFormat.Float16 })
        {
            ArgumentException infinite = Assert.Throws<ArgumentException>(() => Quantizer.Quantize(values, 3, new(format), AttentionOperand.Query));
            Assert.Contains("values[1, 1] is -", infinite.Message, StringComparison.Ordinal);
        }

        values[4] = 65520f;
        Assert.Throws<ArgumentException>(() => Quantizer.Quantize(values, 3, new(NumberFormat.Float16), AttentionOperand.Query));
        values[4] = 65519f;
        Assert.Equal(65504f, Quantizer.Quantize(values, 3, new(NumberFormat.Float16), AttentionOperand.Query).Dequantize(1, 1));
    }

    [Fact]
    public void FP8_keeps_NaN_and_does_not_let_it_into_the_scale()
    {
        QuantizedTensor quantized = Quantizer.Quantize([float.NaN, 2f, -4f], 3, new(NumberFormat.Float8E4M3), AttentionOperand.Value);
        Assert.Equal(4f / 448f, quantized.Scales[0]);
        Assert.True(float.IsNaN(quantized.Dequantize(0, 0)));
        Assert.Equal(-448f, quantized.CodeAt(0, 2));
    }

    [Fact]
    public void Unscaled_formats_store_the_rounded_value()
    {
        float[] values = RandomRows(40, 11);
        QuantizedTensor single = Quantizer.Quantize(values, Channels, OperandFormat.Float32, AttentionOperand.Key);
        QuantizedTensor half = Quantizer.Quantize(values, Channels, new(NumberFormat.Float16), AttentionOperand.Key);
        QuantizedTensor brain = Quantizer.Quantize(values, Channels, new(NumberFormat.BFloat16), AttentionOperand.Key);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(values[i], single.Dequantize(i / Channels, i % Channels));
            Assert.Equal((float)(Half)values[i], half.Dequantize(i / Channels, i % Channels));
            Assert.Equal((float)(BFloat16)values[i], brain.Dequantize(i / Channels, i % Channels));
        }

        Assert.Equal(0, single.Scales.Length + half.Scales.Length + brain.Scales.Length);
        Assert.Throws<InvalidOperationException>(() => half.IntegerCodes.Length);
    }

    [Fact]
    public void Per_tensor_takes_the_maximum_it_is_given()
    {
        OperandFormat format = new(NumberFormat.Int8, QuantizationGranularity.PerTensor);
        ScaleGroups groups = ScaleGroups.Create(format, AttentionOperand.Query, 1, 2);
        QuantizedTensor quantized = Quantizer.Quantize([1f, -2f], groups, tensorMaximum: 254f);
        Assert.Equal(2f, quantized.Scales[0]);
        Assert.Equal([0, -1], quantized.IntegerCodes.ToArray());
    }

    [Fact]
    public void Storage_counts_packed_codes_and_scales()
    {
        QuantizedTensor int4 = Quantizer.Quantize(new float[15], 5, new(NumberFormat.Int4), AttentionOperand.Key);
        QuantizedTensor int7 = Quantizer.Quantize(new float[15], 5, new(NumberFormat.Int7, QuantizationGranularity.PerHead), AttentionOperand.Key);
        QuantizedTensor half = Quantizer.Quantize(new float[15], 5, new(NumberFormat.Float16), AttentionOperand.Key);
        Assert.Equal((8 + 12, 15 + 4, 30), (int4.StorageBytes, int7.StorageBytes, half.StorageBytes));
    }

    [Fact]
    public void Relative_error_of_E4M3_on_normal_data_is_the_published_2_64_percent()
    {
        Random random = new(1);
        float[] values = new float[20000];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        QuantizedTensor quantized = Quantizer.Quantize(values, 100, new(NumberFormat.Float8E4M3, QuantizationGranularity.PerHead), AttentionOperand.Query);
        double error = 0;
        double norm = 0;
        for (int i = 0; i < values.Length; i++)
        {
            error += Math.Pow(quantized.Dequantize(i / 100, i % 100) - values[i], 2);
            norm += (double)values[i] * values[i];
        }

        // The phase of the absolute maximum against the binades moves the figure a little.
        Assert.InRange(Math.Sqrt(error / norm), 0.0255, 0.0275);
    }

    [Fact]
    public void A_wrong_length_is_refused_with_both_sizes()
    {
        ScaleGroups groups = ScaleGroups.Create(new(NumberFormat.Int8), AttentionOperand.Key, 3, 5);
        ArgumentException error = Assert.Throws<ArgumentException>(() => Quantizer.Quantize(new float[14], groups));
        Assert.Contains("14 elements; 3 slots of 5 channels need 15", error.Message, StringComparison.Ordinal);
    }

    private static void ForEachValid(TokenOrder order, Action<int, int> visit)
    {
        for (int slot = 0; slot < order.Slots; slot++)
        {
            for (int channel = 0; channel < Channels && order.TokenAt(slot) != TokenOrder.Padding; channel++)
            {
                visit(slot, channel);
            }
        }
    }

    private static float[] RandomRows(int slots, int seed)
    {
        Random random = new(seed);
        float[] values = new float[slots * Channels];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-6, 7)));
        }

        return values;
    }
}
