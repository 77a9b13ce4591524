using System.Numerics.Tensors;
using GpuCheck.Inputs;
using GpuCheck.Reporting;
using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Cuda;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace GpuCheck.Stages;

/// <summary>
/// Attention at the size of a video, four query blocks of each head (256 rows) held against float64 over the originals and against the
/// recipe in double: what is wrong only beyond 2^31 elements, in long lists or in the last tile shows here.
/// </summary>
internal sealed class RowsStage : IStage
{
    private const int Blocks = 4;
    private const int Rows = 64;

    public string Name => "rows";

    public string Purpose => "full size, 256 query rows a head in double precision";

    public TimeSpan Budget => TimeSpan.FromMinutes(6);

    public IEnumerable<CheckCase> Cases(CheckContext context)
    {
        yield return ModuleCompilation.Case(context);
        TokenGrid grid = context.IsQuick ? new(4, 8, 10) : new(21, 30, 52);
        int heads = context.IsQuick ? 1 : 12;
        foreach (double density in context.IsQuick ? [0.4] : (double[])[1, 0.2])
        {
            foreach (QuantizationRecipe recipe in (QuantizationRecipe[])[KnownRecipes.Int8, KnownRecipes.BFloat16])
            {
                yield return Case(context, grid, heads, density, recipe, 128);
            }
        }

        if (!context.IsQuick)
        {
            yield return Case(context, new TokenGrid(13, 34, 40, 96, TextPlacement.Front), 24, 0.25, KnownRecipes.Int8, 64);
        }
    }

    private static CheckCase Case(
        CheckContext context, TokenGrid grid, int heads, double density, QuantizationRecipe recipe, int channels) =>
        CheckCase.Of(FormattableString.Invariant($"{recipe}, {grid.Tokens} x {heads} x {channels}, density {density}"), () =>
        {
            using CudaBackend backend = context.Backend();
            return Check(backend, grid, heads, density, recipe, channels);
        }) with
        {
            Limit = TimeSpan.FromMinutes(3),
        };

    private static CheckRow Check(CudaBackend backend, TokenGrid grid, int heads, double density, QuantizationRecipe recipe, int channels)
    {
        AttentionShape shape = new(1, heads, grid.Tokens, grid.Tokens, channels);
        TokenOrder order = TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF"));
        AttentionPlan plan = AttentionPlan.Dense(shape, new BlockSize(Rows, 64)) with
        {
            Name = recipe.Name,
            Recipe = recipe,
            Grid = grid,
            Orders = [order],
        };
        if (density < 1)
        {
            plan = plan with { Mask = RandomLists.Make(heads, grid.Tokens, density, new BlockSize(Rows, 64)) };
        }

        string name = FormattableString.Invariant($"{recipe}, {shape}, density {density}");
        CaseInputs data = CaseInputs.Make(shape, Distribution.Normal, 7);
        float[] output = new float[data.Query.Length];
        Array.Fill(output, float.NaN);
        using CudaAttentionKernel kernel = backend.Compile(plan);
        kernel.Run(data.Inputs, new TensorSpan<float>(output, [1, heads, grid.Tokens, channels]));

        int[] blocks = [0, plan.Mask.QueryBlocks / 3, plan.Mask.QueryBlocks * 2 / 3, plan.Mask.QueryBlocks - 1];
        // A head's references use as many processors as it has blocks; a machine with a GPU has more.
        (double[] Recipe, double[] Exact, float[] Ours)[] byHead = new (double[], double[], float[])[heads];
        Parallel.For(0, heads, head =>
        {
            (AttentionPlan small, float[] query, float[] key, float[] value) = Cut(plan, data, order, head, blocks);
            AttentionInputs inputs = new(small.Shape, query, key, value);
            byHead[head] = (
                ReferenceAttention.Compute(small, inputs).Output,
                ReferenceAttention.Compute(small with { Recipe = KnownRecipes.Float32 }, inputs).Output,
                [
                    .. SlotsOf(blocks, grid.Tokens).SelectMany(slot =>
                        output.AsSpan(((head * grid.Tokens) + order.TokenAt(slot)) * channels, channels).ToArray()),
                ]);
        });
        double[] recipeRows = [.. byHead.SelectMany(static rows => rows.Recipe)];
        double[] exactRows = [.. byHead.SelectMany(static rows => rows.Exact)];
        float[] ours = [.. byHead.SelectMany(static rows => rows.Ours)];
        double error = AttentionError.Compare(recipeRows, ours).RelativeL2;
        double own = AttentionError.Compare(exactRows, recipeRows).RelativeL2;
        double total = AttentionError.Compare(exactRows, ours).RelativeL2;
        CheckRow row = CheckRow.AtMost(
            name, total <= 1.2 * own ? error : double.NaN, AttentionStage.Bound, "relative L2",
            FormattableString.Invariant($"{kernel.KernelName}; {total:g3} from float64, where the recipe itself is {own:g3}; gate 1.2 times that"));
        return row with { Kernels = kernel.Planned.Kernels(recipe.SmoothKey) };
    }

    private static IEnumerable<int> SlotsOf(int[] blocks, int slots) =>
        blocks.SelectMany(block => Enumerable.Range(block * Rows, Rows).Where(slot => slot < slots));

    /// <summary>A few query blocks of one head against all keys, in storage order, so that the small plan needs no order of its own.</summary>
    private static (AttentionPlan Plan, float[] Query, float[] Key, float[] Value) Cut(
        AttentionPlan plan, CaseInputs data, TokenOrder order, int head, int[] blocks)
    {
        int channels = plan.Shape.HeadDim;
        int tokens = plan.Shape.KeyLength;
        Range ofHead = (head * tokens * channels)..((head + 1) * tokens * channels);
        float[] key = new float[tokens * channels];
        float[] value = new float[tokens * channels];
        order.Gather(data.Key.AsSpan(ofHead), key.AsSpan(), channels, 0f);
        order.Gather(data.Value.AsSpan(ofHead), value.AsSpan(), channels, 0f);
        int[] slots = [.. SlotsOf(blocks, tokens)];
        float[] query = new float[slots.Length * channels];
        for (int i = 0; i < slots.Length; i++)
        {
            data.Query.AsSpan(((head * tokens) + order.TokenAt(slots[i])) * channels, channels).CopyTo(query.AsSpan(i * channels));
        }

        BlockMaskBuilder builder = new(1, slots.Length, tokens, plan.Mask.Size);
        for (int row = 0; row < Blocks; row++)
        {
            foreach (int block in plan.Mask.FullKeyBlocks(head, blocks[row]))
            {
                builder.Keep(0, row, block);
            }
        }

        AttentionPlan small = plan with
        {
            Shape = new(1, 1, slots.Length, tokens, channels),
            Orders = [],
            Grid = null,
            Mask = builder.Build(),
        };
        return (small, query, key, value);
    }
}
