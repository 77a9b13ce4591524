using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Planning;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Cuda.Tests.Backend;

/// <summary>What the kernels compute and, for everything else, the reason. No device is needed to ask.</summary>
public sealed class SupportTests
{
    private static readonly AttentionShape Shape = new(1, 2, 256, 256, 64);

    public static CudaDeviceProperties Device(int architecture = 90, int multiprocessors = 132) => new()
    {
        Name = "test GPU",
        Architecture = architecture,
        Multiprocessors = multiprocessors,
        SharedBytesPerBlock = architecture == 90 ? 232448 : 101376,
    };

    [Theory]
    [InlineData("bf16", 90, "sm80_bf16_qk_bf16_pv_block_sparse_d64_r64")]
    [InlineData("int8", 90, "sm80_int8_qk_int8_pv_block_sparse_d64_r64_fine_quantized")]
    [InlineData("int8", 80, "sm80_int8_qk_int8_pv_block_sparse_d64_r64_fine_quantized")]
    [InlineData("int8-narrow", 90, "sm80_int8_qk_int8_pv_block_sparse_d64_r64_fine_quantized")]
    [InlineData("k4v4", 90, "sm80_int8_qk_int8_pv_block_sparse_d64_r64_fine_quantized")]
    [InlineData("sage-int8v", 90, "sm80_int8_qk_int8_pv_block_sparse_d64_r64_coarse_exact")]
    [InlineData("paro-released", 90, "sm80_int8_qk_int8_pv_block_sparse_d64_r64_coarse_exact_truncated")]
    [InlineData("sage", 90, "sm80_int8_qk_f16_pv_block_sparse_d64_r64")]
    [InlineData("fp8", 89, "sm89_e4m3_qk_e4m3_pv_block_sparse_d64_r64_coarse")]
    [InlineData("fp8", 120, "sm89_e4m3_qk_e4m3_pv_block_sparse_d64_r64_coarse")]
    public void A_recipe_finds_its_kernel(string recipe, int architecture, string kernel)
    {
        Assert.Null(PlanTranslation.Translate(Plan(KnownRecipes.Parse(recipe)), Device(architecture), out PlannedAttention? planned));
        Assert.Equal(kernel, planned!.Attend.Name);
    }

    [Theory]
    [InlineData("none", 90, "binary32, which tensor cores do not multiply")]
    [InlineData("int4", 90, "smoothed queries")]
    [InlineData("sage2", 90, "mixes Int8 queries, Int8 keys, Float8E4M3 probabilities and Float8E4M3 values")]
    [InlineData("fp8", 90, "warp-group products")]
    [InlineData("fp8", 86, "needs sm_89; test GPU is sm_86")]
    public void A_recipe_that_no_kernel_computes_is_refused_with_the_reason(string recipe, int architecture, string reason) =>
        Refuses(Plan(KnownRecipes.Parse(recipe)), reason, architecture);

    [Fact]
    public void Every_other_refusal_names_what_was_asked_for()
    {
        AttentionPlan plan = Plan(KnownRecipes.Int8);
        Refuses(plan with { Shape = Shape with { HeadDim = 129 } }, "129 channels");
        Refuses(plan with { Shape = Shape with { Heads = 65536 } }, "65536 heads exceed a grid of 65535");
        Refuses(plan with { Shape = Shape with { Batch = 300_000, Heads = 30_000 } }, "exceed 2^31; run fewer sequences at once");
        Assert.Null(PlanTranslation.Translate(plan with { Shape = Shape with { Batch = 300, Heads = 300 } }, Device(), out _));
        Refuses(plan with { Scale = -0.125 }, "need 0 or more");
        ProbabilityFormat ofTiles = new(NumberFormat.BFloat16, ProbabilityReference.TileRowMaximum);
        Refuses(plan with { Recipe = KnownRecipes.BFloat16 with { Probability = ofTiles } }, "running one");
        Refuses(plan with { Normalization = SoftmaxNormalization.WholeRow }, "whole row");
        Refuses(plan with { ProbabilitySkipThreshold = 5 }, "SpargeAttention");
        Refuses(plan with { ScoreModifier = ScoreModifier.Of(new SoftCap(3)) }, "score functor");
        Refuses(plan with { Mask = BlockMask.Dense(256, 256, new BlockSize(64, 32)) }, "key blocks of 32");
        Refuses(plan with { Mask = HalfOf(new BlockSize(32, 64)) }, "wanted multiples of 64 x 64");
        QuantizationRecipe recipe = KnownRecipes.SageInt8Value;
        Refuses(Plan(recipe with { SmoothValue = true }), "smoothed values");
        Refuses(Plan(recipe with { Hadamard = true }), "Hadamard");
        Refuses(Plan(recipe with { Value = new(NumberFormat.Int8, QuantizationGranularity.PerToken) }), "scales values");
        Refuses(Plan(recipe with { Value = new(NumberFormat.Int8, QuantizationGranularity.PerChannel, 96) }), "scales values");
        Refuses(Plan(recipe with { Probability = new(NumberFormat.UInt8, ProbabilityReference.TileMaximum) }), "maximum of a whole tile");
        Refuses(Plan(KnownRecipes.Sage with { Key = new(NumberFormat.Int8) }), "with values of Float16");
        Refuses(Plan(KnownRecipes.Sage with { Value = new(NumberFormat.BFloat16) }), "mixes Int8 queries");
        Refuses(Plan(KnownRecipes.ParoReleased with { Key = new(NumberFormat.Int8) }), "rounds probabilities toward zero");
        Refuses(plan with { Orders = [new TokenOrder([.. Enumerable.Range(0, 250), -1, -1, -1, -1, -1, -1], "tail", 32)] }, "pads every 32 slots");
    }

    [Fact]
    public void A_functor_of_the_callers_own_is_taken_for_one_sequence_at_a_time()
    {
        AttentionPlan plan = Plan(KnownRecipes.Int8) with { Mask = BackendCase.MaskOf(256, new BlockSize(64, 64), new OddHeadsWhole()) };

        Assert.Null(PlanTranslation.Translate(plan, Device(), out _));
        Refuses(plan with { Shape = Shape with { Batch = 2 } }, "run one sequence at a time");
        Assert.Equal(2, BlockLists.Of(plan).MaskHeads);
    }

    private static AttentionPlan Plan(QuantizationRecipe recipe) => BackendCase.Dense(Shape, recipe);

    private static BlockMask HalfOf(BlockSize size)
    {
        BlockMaskBuilder builder = new(1, 256, 256, size);
        builder.KeepRow(0, 0);
        return builder.Build();
    }

    private static void Refuses(AttentionPlan plan, string reason, int architecture = 90)
    {
        string? fault = PlanTranslation.Translate(plan, Device(architecture), out PlannedAttention? planned);

        Assert.Null(planned);
        Assert.Contains(reason, fault, StringComparison.Ordinal);
    }

    private readonly record struct OddHeadsWhole : IMaskMod
    {
        public bool Allows(TokenPair pair) => pair.Head % 2 == 1 || pair.Key <= pair.Query;
    }
}
