using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Cuda.Emulation;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Attention;

/// <summary>Attention kernels on the emulator against the recipe in double precision.</summary>
public sealed class AttendTests
{
    // Codes are equal; only the exponential and the order of sums differ from the recipe in double.
    private const double RelativeBudget = 5e-3;
    private const double LogSumExpBudget = 1e-4;

    private static readonly QuantizationRecipe BFloat16 = new()
    {
        Name = "bf16",
        Query = new(NumberFormat.BFloat16),
        Key = new(NumberFormat.BFloat16),
        Probability = new(NumberFormat.BFloat16),
        Value = new(NumberFormat.BFloat16),
    };

    // The coarse kernel with exact sums and nearest rounding; and sums of codes over whole blocks.
    private static readonly QuantizationRecipe Coarse = KnownRecipes.ParoReleased with
    {
        Name = "coarse",
        Probability = new(NumberFormat.UInt8),
    };

    private static readonly QuantizationRecipe CoarseQuantized = Coarse with
    {
        Name = "coarse-quantized",
        Probability = new(NumberFormat.UInt8, ProbabilityReference.TileRowMaximum, SoftmaxDenominator.Quantized),
    };

    private static readonly QuantizationRecipe FineExact = KnownRecipes.Int8 with
    {
        Name = "fine-exact",
        Probability = new(NumberFormat.UInt7, ProbabilityReference.TileRowMaximum),
    };

    private static readonly QuantizationRecipe Float8Fine = KnownRecipes.Float8 with
    {
        Name = "fp8-fine",
        Key = new(NumberFormat.Float8E4M3),
    };

    private static readonly QuantizationRecipe[] Recipes =
        [KnownRecipes.Int8, KnownRecipes.Int8Narrow, KnownRecipes.ParoReleased, Coarse, CoarseQuantized, FineExact, KnownRecipes.Float8, Float8Fine, BFloat16,
            KnownRecipes.Sage];

    public static TheoryData<string, int> RecipesAndChannels
    {
        get
        {
            TheoryData<string, int> cases = [];
            foreach (QuantizationRecipe recipe in Recipes)
            {
                cases.Add(recipe.Name, 64);
                cases.Add(recipe.Name, 128);
            }

            return cases;
        }
    }

    [EmulatedTheory]
    [MemberData(nameof(RecipesAndChannels))]
    public void Dense_maps_follow_the_recipe(string recipe, int channels) =>
        Check(AttentionPlan.Dense(new AttentionShape(1, 2, 150, 150, channels)) with { Recipe = Find(recipe) });

    [EmulatedTheory]
    [InlineData(1, 1, 64)]
    [InlineData(1, 130, 64)]
    [InlineData(130, 1, 64)]
    [InlineData(64, 64, 128)]
    [InlineData(65, 63, 128)]
    [InlineData(70, 129, 40)]
    [InlineData(100, 77, 96)]
    [InlineData(33, 200, 7)]
    [InlineData(20, 20, 1)]
    public void Odd_sizes_follow_the_recipe(int queries, int keys, int channels)
    {
        foreach (QuantizationRecipe recipe in new[] { KnownRecipes.Int8, Coarse, BFloat16 })
        {
            Check(AttentionPlan.Dense(new AttentionShape(2, 1, queries, keys, channels)) with { Recipe = recipe });
        }
    }

    [EmulatedTheory]
    [InlineData("int8")]
    [InlineData("paro-released")]
    [InlineData("fp8")]
    [InlineData("bf16")]
    [InlineData("sage")]
    public void Block_lists_of_each_head_orders_and_text_follow_the_recipe(string recipe)
    {
        TokenGrid grid = new(3, 8, 10, TextTokens: 21, TextPlacement.Front);
        AttentionPlan plan = Sparse(grid, recipe, headDim: 64);
        Check(plan, RotaryEmbedding.ForGrid(grid, 64));
        Check(plan, heaviestFirst: true);
    }

    [EmulatedFact]
    public void Rows_without_a_visible_key_are_zero()
    {
        AttentionShape shape = new(1, 1, 150, 150, 64);
        BlockMaskBuilder builder = new(1, 150, 150, BlockSize.Default);
        builder.Keep(0, 1, 2);
        foreach (QuantizationRecipe recipe in new[] { KnownRecipes.Int8, Coarse, BFloat16 })
        {
            AttentionPlan plan = AttentionPlan.Dense(shape) with { Mask = builder.Build(), Recipe = recipe };
            (float[] output, float[] logSumExp) = Check(plan);
            Assert.All(output[..(64 * 64)], static x => Assert.Equal(0f, x));
            Assert.Equal(float.NegativeInfinity, logSumExp[149]);
        }
    }

    [EmulatedTheory]
    [InlineData(64, 64)]
    [InlineData(128, 64)]
    [InlineData(64, 128)]
    public void Partial_blocks_see_what_the_predicate_allows(int queryBlock, int keyBlock)
    {
        AttentionShape shape = new(1, 2, 200, 200, 64);
        MaskPredicate predicate = MaskPredicate.Of(new SlidingWindow(50));
        BlockMaskBuilder builder = new(1, 200, 200, new BlockSize(queryBlock, keyBlock));
        builder.KeepAllowed(0, predicate);
        BlockMask mask = builder.Build(predicate);

        // Tiles of the kernels are 64 keys: a recipe that looks at whole tiles has the plan's meaning with blocks of 64 keys only.
        foreach (QuantizationRecipe recipe in new[] { keyBlock == 64 ? KnownRecipes.Int8 : Coarse, BFloat16 })
        {
            Check(AttentionPlan.Dense(shape) with { Mask = mask, Recipe = recipe });
        }
    }

    [EmulatedTheory]
    [InlineData("int8")]
    [InlineData("fp8")]
    public void Padding_slots_of_tile_orders_are_never_seen(string recipe)
    {
        TokenGrid grid = new(3, 5, 7);
        TileLayout layout = new(grid, new TileShape(2, 3, 4));
        AttentionShape shape = new(1, 2, grid.Tokens, grid.Tokens, 64);
        BlockMaskBuilder builder = new(1, layout.Slots, layout.Slots, BlockSize.Default);
        builder.KeepAll();
        AttentionPlan plan = AttentionPlan.Dense(shape) with
        {
            Grid = grid,
            Orders = [layout.Order],
            Mask = builder.Build(),
            Recipe = Find(recipe),
        };
        Check(plan, RotaryEmbedding.ForGrid(grid, 64));
    }

    [EmulatedTheory]
    [InlineData("coarse")]
    [InlineData("int8")]
    [InlineData("bf16")]
    [InlineData("sage")]
    public void Blocks_of_128_rows_follow_the_recipe(string recipe)
    {
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 1, 300, 200, 128), new BlockSize(128, 64)) with { Recipe = Find(recipe) };
        Check(plan, rows: 128);
    }

    [EmulatedFact]
    public void Strides_beyond_32_bits_reach_their_rows()
    {
        const long Stride = (1L << 32) + 64;
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 2, 70, 70, 64)) with { Recipe = KnownRecipes.Int8 };
        SeededInputs inputs = SeededInputs.Normal(plan.Shape);
        using EmulatedDevice device = new();
        (float[] near, _) = KernelAttention.Run(device, plan, inputs);
        (float[] far, _) = KernelAttention.Run(device, plan, inputs, headStride: Stride);
        NumericAssert.BitwiseEqual(near, far);
    }

    [EmulatedFact]
    public void Every_schedule_gives_the_same_bits()
    {
        AttentionPlan plan = Sparse(new TokenGrid(3, 8, 10, TextTokens: 21, TextPlacement.Front), "int8", headDim: 128);
        SeededInputs inputs = SeededInputs.Normal(plan.Shape);
        float[]? first = null;
        foreach (EmulatedSchedule schedule in EmulatedSchedule.All)
        {
            using EmulatedDevice device = new(schedule: schedule);
            (float[] output, _) = KernelAttention.Run(device, plan, inputs);
            NumericAssert.BitwiseEqual(first ??= output, output);
        }
    }

    [EmulatedFact]
    public void Large_scores_and_outliers_stay_within_the_recipe()
    {
        AttentionShape shape = new(1, 1, 130, 130, 64);
        SeededInputs inputs = SeededInputs.Biased(shape);
        for (int i = 0; i < inputs.Query.Length; i++)
        {
            inputs.Query[i] *= 40;
        }

        foreach (QuantizationRecipe recipe in new[] { KnownRecipes.Int8, KnownRecipes.ParoReleased, KnownRecipes.Float8 })
        {
            Compare(AttentionPlan.Dense(shape) with { Recipe = recipe }, inputs, null, 64, false);
        }
    }

    [EmulatedFact]
    public void Constant_scores_give_the_mean_of_the_values()
    {
        AttentionShape shape = new(1, 1, 90, 90, 64);
        SeededInputs inputs = SeededInputs.Normal(shape);
        inputs.Query.AsSpan().Clear();
        foreach (QuantizationRecipe recipe in new[] { KnownRecipes.Int8, KnownRecipes.Float8, BFloat16 })
        {
            (_, float[] logSumExp) = Compare(AttentionPlan.Dense(shape) with { Recipe = recipe }, inputs, null, 64, false);
            Assert.Equal(Math.Log(90), logSumExp[17], 1e-5);
        }
    }

    private static AttentionPlan Sparse(TokenGrid grid, string recipe, int headDim)
    {
        AttentionShape shape = new(2, 2, grid.Tokens, grid.Tokens, headDim);
        TokenOrder[] orders = [TokenOrder.ForAxisOrder(grid, new AxisOrder(2)), TokenOrder.ForAxisOrder(grid, new AxisOrder(5))];
        BlockMaskBuilder builder = new(2, grid.Tokens, grid.Tokens, BlockSize.Default);
        Random random = new(7);
        for (int head = 0; head < 2; head++)
        {
            builder.KeepText(head, grid);
            for (int i = 0; i < 6; i++)
            {
                builder.Keep(head, random.Next(builder.QueryBlocks), random.Next(builder.KeyBlocks));
            }
        }

        return AttentionPlan.Dense(shape) with { Grid = grid, Orders = orders, Mask = builder.Build(), Recipe = Find(recipe) };
    }

    private static QuantizationRecipe Find(string name) => Recipes.Single(recipe => recipe.Name == name);

    private static (float[] Output, float[] LogSumExp) Check(AttentionPlan plan, RotaryEmbedding? rotary = null, int rows = 64, bool heaviestFirst = false) =>
        Compare(plan, SeededInputs.Normal(plan.Shape), rotary, rows, heaviestFirst);

    private static (float[] Output, float[] LogSumExp) Compare(
        AttentionPlan plan, SeededInputs inputs, RotaryEmbedding? rotary, int rows, bool heaviestFirst)
    {
        using EmulatedDevice device = new(schedule: new EmulatedSchedule((ulong)plan.Shape.QueryLength));
        (float[] output, float[] logSumExp) = KernelAttention.Run(device, plan, inputs, rotary, rows, heaviestFirst);
        AttentionInputs source = inputs.Inputs;
        ReferenceResult reference = ReferenceAttention.Compute(plan, rotary is null ? source : source with { Rotary = rotary });
        NumericAssert.AllFinite(output);
        double error = AttentionError.Compare(reference.Output, output).RelativeL2;
        Assert.True(error < RelativeBudget, $"{plan}: relative error {error:g3} from the recipe in double");
        for (int i = 0; i < logSumExp.Length; i++)
        {
            double wanted = reference.LogSumExp[i];
            Assert.True(
                wanted == logSumExp[i] || Math.Abs(wanted - logSumExp[i]) <= LogSumExpBudget * Math.Max(1, Math.Abs(wanted)),
                $"{plan}: log-sum-exp of row {i} is {logSumExp[i]}, wanted {wanted}");
        }

        return (output, logSumExp);
    }
}
