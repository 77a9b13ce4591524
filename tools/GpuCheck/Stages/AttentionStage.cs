using System.Numerics.Tensors;
using GpuCheck.Inputs;
using GpuCheck.Reporting;
using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Cuda;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Methods.Flex;
using Tessera.Quantization;

namespace GpuCheck.Stages;

/// <summary>
/// Attention at small sizes against the recipe in double precision: recipes, head dimensions, lengths, lists, partial blocks, orders,
/// padding, rotation, hard inputs; each run twice over poisoned output and equal in every bit.
/// </summary>
internal sealed class AttentionStage : IStage
{
    /// <summary>What exp2.approx and binary32 sums may add to the recipe in double.</summary>
    public const double Bound = 5e-3;

    private static readonly string[] AxisOrders = ["FHW", "HWF", "WFH"];

    public string Name => "attention";

    public string Purpose => "small sizes against the recipe in double precision";

    public TimeSpan Budget => TimeSpan.FromMinutes(5);

    public IEnumerable<CheckCase> Cases(CheckContext context)
    {
        yield return ModuleCompilation.Case(context);
        foreach ((string name, AttentionPlan plan, Distribution distribution, RotaryEmbedding? rotary) in Plans(context.IsQuick))
        {
            yield return CheckCase.Of(name, () =>
            {
                using CudaBackend backend = context.Backend();
                BackendSupport support = backend.Supports(plan);
                return support.IsSupported
                    ? Check(backend, name, plan, distribution, rotary)
                    : CheckRow.Skip(name, support.Reason);
            });
        }
    }

    /// <summary>The one case that the sanitizer runs.</summary>
    public static CheckRow Smallest(CheckContext context)
    {
        using CudaBackend backend = context.Backend();
        AttentionPlan plan = Dense(new AttentionShape(1, 2, 130, 130, 128), KnownRecipes.Int8) with
        {
            Mask = RandomLists.Make(2, 130, 0.6, new BlockSize(64, 64)),
        };
        return Check(backend, "smallest", plan, Distribution.Normal, null);
    }

    private static IEnumerable<(string Name, AttentionPlan Plan, Distribution Inputs, RotaryEmbedding? Rotary)> Plans(bool quick)
    {
        int tokens = quick ? 130 : 577;
        QuantizationRecipe[] recipes =
        [
            KnownRecipes.Int8, KnownRecipes.Int8Narrow, KnownRecipes.KeyValue4, KnownRecipes.SageInt8Value, KnownRecipes.ParoReleased,
            KnownRecipes.Sage, KnownRecipes.Float8, KnownRecipes.BFloat16,
        ];
        foreach (QuantizationRecipe recipe in recipes)
        {
            foreach (int channels in quick ? [64] : (int[])[64, 128])
            {
                yield return ($"{recipe}, {channels} channels", Dense(new(2, 3, tokens, tokens, channels), recipe), Distribution.Normal, null);
            }
        }

        AttentionShape shape = new(1, 4, tokens, tokens, 128);
        foreach (Distribution distribution in Enum.GetValues<Distribution>())
        {
            yield return ($"int8, {distribution}", Dense(shape, KnownRecipes.Int8), distribution, null);
        }

        foreach ((int queries, int keys, int channels) in ((int, int, int)[])[(1, 1, 128), (63, 129, 40), (130, 64, 96), (64, 1025, 128)])
        {
            yield return ($"int8, {queries} x {keys}, {channels} channels", Dense(new(1, 2, queries, keys, channels), KnownRecipes.Int8), Distribution.Normal, null);
        }

        yield return ("int8, lists by head",
            Dense(shape, KnownRecipes.Int8) with { Mask = RandomLists.Make(4, tokens, 0.3, new BlockSize(64, 64)) }, Distribution.Normal, null);
        yield return ("bf16, window with partial blocks",
            Dense(shape, KnownRecipes.BFloat16) with
            {
                Mask = FlexAttention.CreateBlockMask(new SlidingWindow(100), 1, tokens, tokens, new BlockSize(128, 128)),
            },
            Distribution.Normal, null);
        TokenGrid grid = quick ? new(3, 5, 7) : new(7, 9, 11);
        AttentionShape video = new(1, 3, grid.Tokens, grid.Tokens, 128);
        yield return ("int8, orders by head, rotary",
            Dense(video, KnownRecipes.Int8) with
            {
                Grid = grid,
                Orders = [.. AxisOrders.Select(axes => TokenOrder.ForAxisOrder(grid, AxisOrder.Parse(axes)))],
                Mask = RandomLists.Make(3, grid.Tokens, 0.5, new BlockSize(64, 64)),
            },
            Distribution.Normal, RotaryEmbedding.ForGrid(grid, 128));
        foreach (int channels in (int[])[64, 128])
        {
            yield return ($"fp8 tiles, {channels} channels",
                Dense(video with { HeadDim = channels }, KnownRecipes.Fps(new TileShape(3, 4, 4))) with { Grid = grid }, Distribution.Normal, null);
        }

        TokenOrder tiles = new TileLayout(grid, new TileShape(3, 4, 4), alignment: 64).Order;
        yield return ("int8, padded tiles",
            Dense(video, KnownRecipes.Int8) with
            {
                Grid = grid,
                Orders = [tiles],
                Mask = RandomLists.Make(1, tiles.Slots, 0.5, new BlockSize(64, 64)),
            },
            Distribution.Outliers, null);
        // Enough query tiles for 128 rows a block on any device that is not larger than today's.
        AttentionShape large = quick ? new(1, 2, 130, 130, 128) : new(1, 160, 256, 256, 128);
        yield return ("int8, large tiles", Dense(large, KnownRecipes.Int8), Distribution.Normal, null);
        yield return ("sage-int8v, large tiles", Dense(large, KnownRecipes.SageInt8Value), Distribution.Normal, null);
        yield return ("sage, large tiles", Dense(large, KnownRecipes.Sage), Distribution.Normal, null);
        yield return ("bf16, large tiles", Dense(large, KnownRecipes.BFloat16), Distribution.Normal, null);
        QuantizationRecipe quantizedSum = KnownRecipes.SageInt8Value with
        {
            Name = "coarse, quantised sum",
            Probability = new(NumberFormat.UInt8, ProbabilityReference.RunningMaximum, SoftmaxDenominator.Quantized),
        };
        QuantizationRecipe fineExact = KnownRecipes.Int8 with { Name = "fine, exact sum", Probability = new(NumberFormat.UInt8) };
        foreach (int channels in (int[])[64, 128])
        {
            yield return ($"{quantizedSum}, {channels} channels", Dense(shape with { HeadDim = channels }, quantizedSum), Distribution.Normal, null);
            yield return ($"{fineExact}, {channels} channels", Dense(shape with { HeadDim = channels }, fineExact), Distribution.Normal, null);
        }
    }

    private static AttentionPlan Dense(AttentionShape shape, QuantizationRecipe recipe) =>
        AttentionPlan.Dense(shape, new BlockSize(64, 64)) with { Name = recipe.Name, Recipe = recipe };

    private static CheckRow Check(CudaBackend backend, string name, AttentionPlan plan, Distribution distribution, RotaryEmbedding? rotary)
    {
        AttentionShape shape = plan.Shape;
        CaseInputs data = CaseInputs.Make(shape, distribution);
        AttentionInputs inputs = data.Inputs with { Rotary = rotary };
        using CudaAttentionKernel kernel = backend.Compile(plan);
        nint[] lengths = [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim];
        float[] first = Poisoned(data.Query.Length);
        float[] second = Poisoned(data.Query.Length);
        float[] sums = Poisoned(data.Query.Length / shape.HeadDim);
        kernel.Run(inputs, new TensorSpan<float>(first, lengths), sums);
        kernel.Run(inputs, new TensorSpan<float>(second, lengths), sums);
        if (!first.AsSpan().SequenceEqual(second))
        {
            return CheckRow.Holds(name, false, "two runs over equal inputs differ");
        }

        ReferenceResult recipe = ReferenceAttention.Compute(plan, inputs);
        ReferenceResult exact = ReferenceAttention.Compute(plan with { Recipe = KnownRecipes.Float32 }, inputs);
        double error = AttentionError.Compare(recipe.Output, first).RelativeL2;
        double own = AttentionError.Compare(exact.Output, recipe.Output).RelativeL2;
        double sumError = 0;
        for (int row = 0; row < sums.Length; row++)
        {
            // Rows that see nothing are negative infinity on both sides.
            sumError = Math.Max(sumError, recipe.LogSumExp[row].Equals(sums[row]) ? 0 : Math.Abs(recipe.LogSumExp[row] - sums[row]));
        }

        CheckRow row1 = CheckRow.AtMost(
            name, double.IsNaN(sumError) || sumError > 0.01 ? double.NaN : error, Bound, "relative L2",
            FormattableString.Invariant($"{kernel.KernelName}; log-sum-exp within {sumError:g2}; the recipe itself {own:g3} from float64"));
        return row1 with { Kernels = kernel.Planned.Kernels(plan.Recipe.SmoothKey) };
    }

    private static float[] Poisoned(int count)
    {
        float[] values = new float[count];
        Array.Fill(values, float.NaN);
        return values;
    }
}
