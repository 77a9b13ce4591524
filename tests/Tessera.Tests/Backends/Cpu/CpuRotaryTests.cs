using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>Turning rows while they are packed equals turning the tensors first.</summary>
public sealed class CpuRotaryTests
{
    private static readonly TokenGrid Grid = new(3, 5, 7, 9, TextPlacement.Front);

    public static TheoryData<string, int> Cases()
    {
        TheoryData<string, int> data = [];
        foreach (QuantizationRecipe recipe in KnownRecipes.All)
        {
            data.Add(recipe.Name, 128);
            data.Add(recipe.Name, 40);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void FusedRotationEqualsTheRecipeInDouble(string recipe, int headDim)
    {
        TokenOrder order = TileLayout.ForBlocks(Grid, new TileShape(2, 4, 4), 16, 16).Order;
        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 2, Grid.Tokens, Grid.Tokens, headDim), KnownRecipes.Parse(recipe)) with
        {
            Grid = Grid,
            Orders = [order],
            Mask = CpuTestCase.RandomMask(order.Slots, order.Slots, new BlockSize(16, 16), 0.6, 2),
        };
        SeededInputs inputs = SeededInputs.Biased(plan.Shape);
        AttentionInputs turning = inputs.Inputs with { Rotary = RotaryEmbedding.ForGrid(Grid, headDim) };
        double[] exact = ReferenceAttention.Compute(plan with { Recipe = KnownRecipes.Float32 }, turning).Output;
        double[] still = ReferenceAttention.Compute(plan with { Recipe = KnownRecipes.Float32 }, inputs.Inputs).Output;
        float[] wanted = Array.ConvertAll(ReferenceAttention.Compute(plan, turning).Output, static x => (float)x);
        Assert.True(AttentionError.Compare(exact, still).RelativeL2 > 0.05);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (float[] output, _) = Run(plan, turning, options);
            NumericAssert.WithinRecipeBudget(exact, wanted, output);
        }
    }

    [Theory]
    [InlineData(NumberFormat.Float32, 64)]
    [InlineData(NumberFormat.BFloat16, 64)]
    [InlineData(NumberFormat.Float16, 64)]
    [InlineData(NumberFormat.Float32, 40)]
    [InlineData(NumberFormat.BFloat16, 26)]
    [InlineData(NumberFormat.Float32, 16)] // Three axes meet in one block of channels.
    [InlineData(NumberFormat.Float16, 6)]
    public void FusedRotationEqualsASeparateOne(NumberFormat format, int headDim)
    {
        AttentionShape shape = new(2, 2, Grid.Tokens, Grid.Tokens, headDim);
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(Grid, headDim);
        NarrowInputs inputs = new(SeededInputs.Normal(shape), format);
        float[] query = Turned(inputs.Widened.Query, rotary);
        float[] key = Turned(inputs.Widened.Key, rotary);
        float[] value = HeadRowsOf(inputs.Widened.Value);
        AttentionPlan plan = CpuTestCase.Dense(shape);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (float[] output, float[] sums) = Run(plan, inputs.Inputs with { Rotary = rotary }, options);
            (float[] wanted, float[] wantedSums) = Run(plan, new AttentionInputs(shape, query, key, value), options);
            for (int i = 0; i < output.Length; i++)
            {
                // A turned channel is off by a few roundoffs of its pair in either path; scores of 64 channels stay within 64 of them.
                Assert.Equal(wanted[i], output[i], 1e-5f);
            }

            for (int i = 0; i < sums.Length; i++)
            {
                Assert.Equal(wantedSums[i], sums[i], 1e-5f);
            }
        }
    }

    [Fact]
    public void LogSumExpOfSmoothedKeysIsThatOfTurnedRows()
    {
        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 2, Grid.Tokens, Grid.Tokens, 64), KnownRecipes.Int4);
        AttentionInputs turning = SeededInputs.Biased(plan.Shape).Inputs with { Rotary = RotaryEmbedding.ForGrid(Grid, 64) };
        double[] wanted = ReferenceAttention.Compute(plan, turning).LogSumExp;
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (_, float[] sums) = Run(plan, turning, options);
            for (int i = 0; i < sums.Length; i++)
            {
                Assert.InRange(sums[i], wanted[i] - 2e-3, wanted[i] + 2e-3);
            }
        }
    }

    [Theory]
    [InlineData(NumberFormat.Float32)]
    [InlineData(NumberFormat.BFloat16)]
    public void MapReadersSeeTurnedRows(NumberFormat format)
    {
        AttentionShape shape = new(1, 2, Grid.Tokens, Grid.Tokens, 40);
        NarrowInputs inputs = new(SeededInputs.Normal(shape), format);
        AttentionInputs turning = inputs.Inputs with { Rotary = RotaryEmbedding.ForGrid(Grid, 40) };
        TokenOrder order = TokenOrder.ForAxisOrder(Grid, AxisOrder.Parse("WHF"));
        BlockSize size = new(16, 16);
        float[] wanted = new float[Grid.Tokens];
        BlockMapStatistics wantedMap = new(order.Slots, order.Slots, size);
        PlainMapReader plain = new();
        plain.ReadLogSumExp(turning, 0, 1, 0.15, wanted);
        plain.ReadBlocks(turning, 0, 1, order, 0.15, wanted, 0, [], wantedMap);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            CpuMapReader reader = new(options);
            float[] sums = new float[Grid.Tokens];
            BlockMapStatistics map = new(order.Slots, order.Slots, size);
            reader.ReadLogSumExp(turning, 0, 1, 0.15, sums);
            reader.ReadBlocks(turning, 0, 1, order, 0.15, sums, 0, [], map);
            for (int i = 0; i < sums.Length; i++)
            {
                Assert.Equal(wanted[i], sums[i], 1e-5f);
            }

            for (int i = 0; i < map.Sum.Length; i++)
            {
                Assert.Equal(wantedMap.Sum[i], map.Sum[i], 1e-4f);
            }
        }
    }

    [Fact]
    public void RowsThatOverflowWhileTheyTurnAreRefused()
    {
        AttentionShape shape = new(1, 1, Grid.Tokens, Grid.Tokens, 16);
        SeededInputs inputs = SeededInputs.Normal(shape);
        inputs.Key.AsSpan(50 * 16, 16).Fill(float.MaxValue);
        AttentionPlan plan = CpuTestCase.Dense(shape);
        Assert.Contains(
            "overflows while it is turned",
            Assert.Throws<ArgumentException>(() => Run(plan, inputs.Inputs with { Rotary = RotaryEmbedding.ForGrid(Grid, 16) }, CpuOptions.Default)).Message,
            StringComparison.Ordinal);
    }

    private static (float[] Output, float[] LogSumExp) Run(AttentionPlan plan, in AttentionInputs inputs, CpuOptions options)
    {
        AttentionShape shape = plan.Shape;
        float[] output = new float[shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim];
        float[] sums = new float[shape.Batch * shape.Heads * shape.QueryLength];
        using IAttentionKernel kernel = new CpuBackend(options).Compile(plan);
        _ = kernel.Run(inputs, new TensorSpan<float>(output, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]), sums);
        return (output, sums);
    }

    private static float[] HeadRowsOf(InputTensor tensor) => Turned(tensor, null);

    private static float[] Turned(InputTensor tensor, RotaryEmbedding? rotary)
    {
        float[] rows = new float[tensor.Batch * tensor.Heads * tensor.Tokens * tensor.Channels];
        for (int row = 0; row < rows.Length / tensor.Channels; row++)
        {
            (int pair, int token) = Math.DivRem(row, tensor.Tokens);
            Span<float> target = rows.AsSpan(row * tensor.Channels, tensor.Channels);
            tensor.CopyRow(pair / tensor.Heads, pair % tensor.Heads, token, target);
            rotary?.Rotate(token, target, target);
        }

        return rows;
    }
}
