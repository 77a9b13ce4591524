using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>
/// Codes and scales that kernels pack are those of the plain quantiser, to the bit. Inputs are chosen so that outputs show them: a query that sees one
/// key has its dequantised value as output row, and one-hot partners turn log-sum-exps into dequantised channels.
/// </summary>
public sealed class CpuCodeTests
{
    public static TheoryData<NumberFormat> RowFormats => [NumberFormat.Int8, NumberFormat.Int7, NumberFormat.Int4, NumberFormat.Float8E4M3, NumberFormat.Float8E5M2];

    public static TheoryData<NumberFormat, int> ValueFormats() => new()
    {
        { NumberFormat.Int8, 64 },
        { NumberFormat.Int8, 0 },
        { NumberFormat.Int4, 64 },
        { NumberFormat.Float8E4M3, 0 },
        { NumberFormat.Float8E5M2, 64 },
    };

    [Theory]
    [MemberData(nameof(ValueFormats))]
    public void Value_codes_are_the_quantisers(NumberFormat format, int group)
    {
        // One-hot keys and strong one-hot queries: every other probability is below 2^-30 and rounds to code 0.
        const int Tokens = 130;
        const int Channels = 256;
        AttentionShape shape = new(1, 1, Tokens, Tokens, Channels);
        OperandFormat operand = new(format, QuantizationGranularity.PerChannel, group);
        float[] query = new float[Tokens * Channels];
        float[] key = new float[Tokens * Channels];
        float[] value = SeededInputs.Normal(shape).Value;
        for (int token = 0; token < Tokens; token++)
        {
            query[(token * Channels) + token] = 400;
            key[(token * Channels) + token] = 1;
        }

        QuantizedTensor wanted = Quantizer.Quantize(value, Channels, operand, AttentionOperand.Value);
        QuantizationRecipe recipe = KnownRecipes.Int8 with { Name = "values", SmoothKey = false, Value = operand };

        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            float[] output = new float[value.Length];
            using IAttentionKernel kernel = new CpuBackend(options).Compile(AttentionPlan.Dense(shape) with { Recipe = recipe });
            _ = kernel.Run(new AttentionInputs(shape, query, key, value), new TensorSpan<float>(output, [1, 1, Tokens, Channels]));
            for (int i = 0; i < output.Length; i++)
            {
                RequireCode(wanted, i / Channels, i % Channels, output[i], options);
            }
        }
    }

    [Theory]
    [MemberData(nameof(RowFormats))]
    public void Key_codes_are_the_quantisers(NumberFormat format) => RequireRows(format, AttentionOperand.Key);

    [Theory]
    [MemberData(nameof(RowFormats))]
    public void Query_codes_are_the_quantisers(NumberFormat format) => RequireRows(format, AttentionOperand.Query);

    /// <summary>Every (head, query) pair sees one key, so its log-sum-exp is the score; one side is one-hot, which every format holds exactly.</summary>
    private static void RequireRows(NumberFormat format, AttentionOperand operand)
    {
        const int Channels = 48;
        bool keys = operand == AttentionOperand.Key;
        AttentionShape shape = new(1, keys ? 21 : Channels, keys ? Channels : 21, 1, Channels);
        float[] query = new float[shape.Heads * shape.QueryLength * Channels];
        float[] key = new float[shape.Heads * Channels];
        SeededInputs.FillNormal(new Random(9), keys ? key : query);
        for (int head = 0; head < shape.Heads; head++)
        {
            for (int channel = 0; channel < Channels; channel++)
            {
                if (keys)
                {
                    query[(((head * Channels) + channel) * Channels) + channel] = 1;
                }
                else
                {
                    key[(head * Channels) + channel] = channel == head ? 1 : 0;
                }
            }
        }

        OperandFormat row = new(format);
        QuantizedTensor wanted = Quantizer.Quantize(keys ? key : query, Channels, row, operand);
        AttentionPlan plan = AttentionPlan.Dense(shape) with { Scale = 1, Recipe = KnownRecipes.Int8 with { Name = "rows", SmoothKey = false, Query = row, Key = row } };
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            float[] output = new float[query.Length];
            float[] logSumExp = new float[shape.Heads * shape.QueryLength];
            using IAttentionKernel kernel = new CpuBackend(options).Compile(plan);
            _ = kernel.Run(new AttentionInputs(shape, query, key, new float[key.Length]), new TensorSpan<float>(output, [1, shape.Heads, shape.QueryLength, Channels]), logSumExp);
            for (int head = 0; head < shape.Heads; head++)
            {
                for (int token = 0; token < shape.QueryLength; token++)
                {
                    (int slot, int channel) = keys ? (head, token) : ((head * shape.QueryLength) + token, head);
                    RequireCode(wanted, slot, channel, logSumExp[(head * shape.QueryLength) + token], options);
                }
            }
        }
    }

    /// <summary>Codes are at least a 16th apart relative to themselves (FP8) or 1 apart (integers), so a hundredth tells them apart.</summary>
    private static void RequireCode(QuantizedTensor wanted, int slot, int channel, float dequantized, CpuOptions options)
    {
        float code = wanted.CodeAt(slot, channel);
        float got = dequantized / wanted.ScaleAt(slot, channel);
        Assert.True(Math.Abs(got - code) <= 0.01f * Math.Max(Math.Abs(code), wanted.Format.IsInteger() ? 1 : 0.001f), $"{options}: slot {slot}, channel {channel}: code {got}, wanted {code}");
    }
}
