using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Cuda.Emulation;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Numerics;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Backend;

/// <summary>The backend's contract on the emulated device: the same statements that hold for every other backend.</summary>
public sealed class CudaBackendTests
{
    private static readonly TokenGrid Grid = new(5, 6, 7);

    public static TheoryData<string> Recipes => ["int8", "int8-narrow", "k4v4", "sage-int8v", "paro-released", "fp8", "bf16"];

    [EmulatedTheory]
    [MemberData(nameof(Recipes))]
    public void Every_recipe_that_it_takes_follows_the_reference(string recipe) =>
        BackendCase.Of(BackendCase.Dense(new AttentionShape(1, 2, 200, 200, 64), KnownRecipes.Parse(recipe))).Agrees();

    [EmulatedTheory]
    [InlineData(1, 1, 1, 128)]
    [InlineData(1, 63, 65, 40)]
    [InlineData(2, 130, 64, 96)]
    [InlineData(1, 64, 257, 128)]
    [InlineData(3, 1, 70, 17)]
    public void Any_length_batch_and_head_dimension(int batch, int queries, int keys, int channels) =>
        BackendCase.Of(BackendCase.Dense(new AttentionShape(batch, 2, queries, keys, channels), KnownRecipes.Int8)).Agrees();

    [EmulatedFact]
    public void Block_lists_differ_by_head_and_a_row_without_blocks_is_zero()
    {
        AttentionShape shape = new(1, 3, 300, 300, 64);
        AttentionPlan plan = BackendCase.Dense(shape, KnownRecipes.Int8) with { Mask = BackendCase.RandomMask(300, 0.4, 3, emptyRow: true) };
        BackendCase testCase = BackendCase.Of(plan);
        testCase.Agrees();
        (float[] output, float[] logSumExp, AttentionStatistics statistics) = testCase.Run();

        Assert.All(output[..(64 * 64)], static value => Assert.Equal(0, value));
        Assert.All(logSumExp[..64], static value => Assert.Equal(float.NegativeInfinity, value));
        Assert.Equal(plan.Mask.KeptBlocks, statistics.BlocksComputed);
        Assert.Equal(plan.Mask.Density, statistics.Density, 12);
    }

    [EmulatedFact]
    public void Partial_blocks_hide_the_pairs_that_the_functor_hides()
    {
        AttentionShape shape = new(1, 2, 200, 200, 64);
        foreach (BlockSize size in (BlockSize[])[new(64, 64), new(128, 128)])
        {
            BlockMask window = BackendCase.MaskOf(200, size, new SlidingWindow(50));
            BackendCase.Of(BackendCase.Dense(shape, KnownRecipes.BFloat16) with { Mask = window }).Agrees();
        }

        BlockMask causal = BackendCase.MaskOf(200, new BlockSize(64, 64), new Causal());
        BackendCase.Of(BackendCase.Dense(shape, KnownRecipes.Int8) with { Mask = causal }).Agrees();
    }

    [EmulatedFact]
    public void Orders_by_head_are_undone_in_the_output()
    {
        AttentionShape shape = new(1, 3, Grid.Tokens, Grid.Tokens, 64);
        AttentionPlan plan = BackendCase.Dense(shape, KnownRecipes.Int8) with
        {
            Grid = Grid,
            Orders =
            [
                .. new[] { "FHW", "HWF", "WFH" }.Select(static axes => TokenOrder.ForAxisOrder(Grid, AxisOrder.Parse(axes))),
            ],
            Mask = BackendCase.RandomMask(Grid.Tokens, 0.5, 3),
        };
        BackendCase.Of(plan).Agrees();
    }

    [EmulatedFact]
    public void Padding_inside_an_order_takes_no_part()
    {
        TokenOrder order = new TileLayout(Grid, new TileShape(3, 4, 4), alignment: 64).Order;
        AttentionShape shape = new(1, 2, Grid.Tokens, Grid.Tokens, 64);
        Assert.True(order.IsPadded);
        foreach (QuantizationRecipe recipe in (QuantizationRecipe[])[KnownRecipes.Int8, KnownRecipes.Fps(new TileShape(3, 4, 4))])
        {
            AttentionPlan plan = BackendCase.Dense(shape, recipe) with
            {
                Grid = Grid,
                Orders = [order],
                Mask = BackendCase.RandomMask(order.Slots, 0.6, 2),
            };
            BackendCase.Of(plan).Agrees();
        }
    }

    [EmulatedFact]
    public void Queries_and_keys_are_turned_while_they_are_read()
    {
        AttentionShape shape = new(1, 2, Grid.Tokens, Grid.Tokens, 64);
        BackendCase.Of(BackendCase.Dense(shape, KnownRecipes.Int8), RotaryEmbedding.ForGrid(Grid, 64)).Agrees();
        BackendCase.Of(BackendCase.Dense(shape, KnownRecipes.BFloat16), RotaryEmbedding.ForSequence(Grid.Tokens, 64)).Agrees();
    }

    [EmulatedTheory]
    [InlineData("PerTensor", 0)]
    [InlineData("PerHead", 0)]
    [InlineData("PerThread", 32)]
    [InlineData("PerBlock", 48)]
    [InlineData("PerBlock", 128)]
    public void Scales_of_every_granularity(string granularity, int group)
    {
        OperandFormat format = new(NumberFormat.Int8, Enum.Parse<QuantizationGranularity>(granularity), group);
        QuantizationRecipe recipe = KnownRecipes.SageInt8Value with { Name = format.ToString(), Query = format, Key = format };
        BackendCase.Of(BackendCase.Dense(new AttentionShape(2, 2, 150, 150, 64), recipe)).Agrees();
    }

    [EmulatedFact]
    public void Large_tiles_and_small_ones_give_the_same_result()
    {
        AttentionShape shape = new(1, 2, 512, 512, 128);
        BlockMask tall = BackendCase.RandomMask(512, 0.4, 2, new BlockSize(128, 64));
        BlockMaskBuilder halves = new(2, 512, 512, new BlockSize(64, 64));
        for (int row = 0; row < 2 * halves.QueryBlocks; row++)
        {
            foreach (int block in tall.FullKeyBlocks(row / 8, row % 8 / 2))
            {
                halves.Keep(row / 8, row % 8, block);
            }
        }

        BackendCase testCase = BackendCase.Of(BackendCase.Dense(shape, KnownRecipes.Int8) with { Mask = tall });
        using EmulatedDevice device = new();
        (float[] large, _, _) = testCase.Run(device);
        Assert.EndsWith("_r128_fine_quantized", device.Launches[^1], StringComparison.Ordinal);

        AttentionPlan small = testCase.Plan with { Mask = halves.Build() };
        (float[] fine, _, _) = new BackendCase(small, testCase.Inputs).Run(device);
        Assert.EndsWith("_r64_fine_quantized", device.Launches[^1], StringComparison.Ordinal);
        NumericAssert.BitwiseEqual(fine, large);
    }

    [EmulatedFact]
    public void Views_gaps_and_16_bit_inputs_are_read_where_they_lie()
    {
        AttentionShape shape = new(2, 3, 70, 70, 40);
        AttentionPlan plan = BackendCase.Dense(shape, KnownRecipes.Int8);
        SeededInputs inputs = SeededInputs.Biased(shape);
        (float[] expected, _, _) = new BackendCase(plan, inputs).Run();
        using EmulatedDevice device = new();
        using CudaBackend backend = new(device, BackendCase.Unverified);
        using CudaAttentionKernel kernel = backend.Compile(plan);

        // [B, L, H, D] as views, and rows of 48 elements of which 40 belong to the tensor.
        nint[] lengths = [2, 3, 70, 40];
        foreach (nint[] strides in (nint[][])[[70 * 3 * 40, 40, 3 * 40, 1], [3 * 70 * 48, 70 * 48, 48, 1]])
        {
            float[] output = new float[2 * 3 * 70 * 48];
            Array.Fill(output, 5f);
            AttentionInputs view = new(
                new ReadOnlyTensorSpan<float>(Scatter(inputs.Query, lengths, strides), 0, lengths, strides),
                new ReadOnlyTensorSpan<float>(Scatter(inputs.Key, lengths, strides), 0, lengths, strides),
                new ReadOnlyTensorSpan<float>(Scatter(inputs.Value, lengths, strides), 0, lengths, strides));
            kernel.Run(view, new TensorSpan<float>(output, 0, lengths, strides));
            NumericAssert.BitwiseEqual(Scatter(expected, lengths, strides, 5f), output);
        }

        BFloat16[] narrowQuery = [.. inputs.Query.Select(static x => (BFloat16)x)];
        BFloat16[] narrowKey = [.. inputs.Key.Select(static x => (BFloat16)x)];
        BFloat16[] narrowValue = [.. inputs.Value.Select(static x => (BFloat16)x)];
        float[] widened = new float[expected.Length];
        float[] narrow = new float[expected.Length];
        TensorSpan<float> Target(float[] array) => new(array, lengths);
        kernel.Run(new AttentionInputs(shape, narrowQuery, narrowKey, narrowValue), Target(narrow));
        kernel.Run(
            new AttentionInputs(
                shape, [.. narrowQuery.Select(static x => (float)x)], [.. narrowKey.Select(static x => (float)x)],
                [.. narrowValue.Select(static x => (float)x)]),
            Target(widened));
        NumericAssert.BitwiseEqual(widened, narrow);
    }

    [EmulatedFact]
    public void A_value_that_is_not_finite_is_named()
    {
        AttentionShape shape = new(1, 2, 70, 70, 40);
        SeededInputs inputs = SeededInputs.Normal(shape);
        inputs.Key[(70 * 40) + (5 * 40) + 3] = float.NaN;

        ArgumentException refusal = Assert.Throws<ArgumentException>(() => new BackendCase(BackendCase.Dense(shape, KnownRecipes.Int8), inputs).Run());

        Assert.StartsWith("key[0, 1, 5, 3] is NaN", refusal.Message, StringComparison.Ordinal);
    }

    [EmulatedFact]
    public void A_cancelled_run_says_so()
    {
        AttentionShape shape = new(1, 1, 64, 64, 64);
        SeededInputs inputs = SeededInputs.Normal(shape);
        using EmulatedDevice device = new();
        using CudaBackend backend = new(device, BackendCase.Unverified);
        using CudaAttentionKernel kernel = backend.Compile(BackendCase.Dense(shape, KnownRecipes.Int8));
        float[] output = new float[64 * 64];

        Assert.Throws<OperationCanceledException>(
            () => kernel.Run(inputs.Inputs, new TensorSpan<float>(output, [1, 1, 64, 64]), default, new CancellationToken(canceled: true)));
        Assert.Throws<ArgumentException>(
            () => kernel.Run(SeededInputs.Normal(shape with { Heads = 2 }).Inputs, new TensorSpan<float>(output, [1, 1, 64, 64])));
    }

    private static float[] Scatter(float[] dense, nint[] lengths, nint[] strides, float fill = 0)
    {
        float[] data = new float[2 * 3 * 70 * 48];
        Array.Fill(data, fill);
        int index = 0;
        for (nint b = 0; b < lengths[0]; b++)
        {
            for (nint h = 0; h < lengths[1]; h++)
            {
                for (nint t = 0; t < lengths[2]; t++)
                {
                    for (nint c = 0; c < lengths[3]; c++)
                    {
                        data[(b * strides[0]) + (h * strides[1]) + (t * strides[2]) + c] = dense[index++];
                    }
                }
            }
        }

        return data;
    }
}
