using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Costs;

/// <summary>Plans drawn at random over all that a cost model must predict: sizes, densities, block sizes, recipes, masks and orders.</summary>
internal static class RandomPlans
{
    /// <summary>Dense-equivalent multiply-adds of computed blocks beyond which a plan takes too long to time many of.</summary>
    private const double LargestWork = 2.5e10;

    private static readonly int[] Blocks = [32, 64, 128];
    private static readonly int[] Lengths = [1024, 1536, 2048, 3000, 4096, 6144, 8192, 12288, 16384];
    private static readonly int[] Dims = [64, 64, 128, 128, 80, 96];
    private static readonly double[] Densities = [0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1];

    public static QuantizationRecipe[] Recipes { get; } =
        [KnownRecipes.Float32, CpuBackend.PreferredInt8, KnownRecipes.KeyValue4, KnownRecipes.Int4, KnownRecipes.Float8];

    /// <summary>Draws plans; the same seed gives the same plans.</summary>
    public static IReadOnlyList<AttentionPlan> Draw(int seed, int count)
    {
        Random random = new(seed);
        List<AttentionPlan> plans = [];
        while (plans.Count < count)
        {
            AttentionPlan plan = DrawOne(random, plans.Count);
            double work = (double)plan.Shape.DenseOperations / 2 * plan.Mask.Density;
            if (work <= LargestWork)
            {
                plans.Add(plan);
            }
        }

        return plans;
    }

    private static AttentionPlan DrawOne(Random random, int index)
    {
        int length = Pick(random, Lengths);
        int heads = random.Next(1, 9);
        int dim = Pick(random, Dims);
        double density = Pick(random, Densities);
        BlockSize size = new(Pick(random, Blocks), Pick(random, Blocks));
        QuantizationRecipe recipe = Recipes[index % Recipes.Length];
        bool ordered = random.Next(3) == 0;
        TokenOrder[] orders = ordered ? [.. Enumerable.Range(0, heads).Select(_ => AxisOrderOf(random, length))] : [];
        (string kind, BlockMask mask) = (random.Next(6)) switch
        {
            0 => ("band", Band(length, size, density)),
            1 => ("windows", Windows(heads, length, size, density)),
            2 => ("uneven", Lottery(random, heads, length, size, head => Math.Min(1, density * 2 * (head + 1) / (heads + 1)))),
            3 => ("partial band", PartialBand(length, size, density, ordered ? null : new SlidingWindow((int)(density * length / 2)))),
            _ => ("scattered", Lottery(random, heads, length, size, _ => density)),
        };
        return new AttentionPlan
        {
            Name = $"{kind}{(ordered ? ", orders" : "")}",
            Shape = new AttentionShape(1, heads, length, length, dim),
            Orders = orders,
            Mask = mask,
            Recipe = recipe,
        };
    }

    /// <summary>One of the six orders of a grid of 8 frames with rows of 16 tokens; what is left of the length is text at the end.</summary>
    private static TokenOrder AxisOrderOf(Random random, int length)
    {
        int frames = 8;
        int width = 16;
        int height = length / (frames * width);
        int text = length - (frames * width * height);
        TokenGrid grid = new(frames, height, width, text, text == 0 ? TextPlacement.None : TextPlacement.Back);
        return TokenOrder.ForAxisOrder(grid, AxisOrder.All[random.Next(6)]);
    }

    private static BlockMask Band(int length, BlockSize size, double density)
    {
        BlockMaskBuilder builder = new(1, length, length, size);
        builder.KeepBand(0, (int)(density * length / 2));
        return builder.Build();
    }

    private static BlockMask PartialBand(int length, BlockSize size, double density, SlidingWindow? window)
    {
        BlockMaskBuilder builder = new(1, length, length, size);
        if (window is not { } mod)
        {
            builder.KeepBand(0, (int)(density * length / 2));
            return builder.Build();
        }

        for (int row = 0; row < builder.QueryBlocks; row++)
        {
            for (int column = 0; column < builder.KeyBlocks; column++)
            {
                int queries = Math.Min(size.Query, length - (row * size.Query));
                int keys = Math.Min(size.Key, length - (column * size.Key));
                builder[0, row, column] = mod.Classify(0, row * size.Query, queries, column * size.Key, keys);
            }
        }

        return builder.Build(MaskPredicate.Of(mod));
    }

    /// <summary>Groups of neighbouring query blocks that see the same window of keys, as sliding tiles do.</summary>
    private static BlockMask Windows(int heads, int length, BlockSize size, double density)
    {
        BlockMaskBuilder builder = new(heads, length, length, size);
        int kept = Math.Max(1, (int)Math.Round(density * builder.KeyBlocks));
        for (int head = 0; head < heads; head++)
        {
            int group = 2 + (head % 3);
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                int centre = (int)((long)(row / group * group) * builder.KeyBlocks / builder.QueryBlocks);
                int start = Math.Clamp(centre - (kept / 2), 0, builder.KeyBlocks - kept);
                builder.KeepRange(head, row, start, start + kept);
            }
        }

        return builder.Build();
    }

    private static BlockMask Lottery(Random random, int heads, int length, BlockSize size, Func<int, double> density)
    {
        BlockMaskBuilder builder = new(heads, length, length, size);
        for (int head = 0; head < heads; head++)
        {
            double share = density(head);
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                builder.Keep(head, row, (int)((long)row * builder.KeyBlocks / builder.QueryBlocks));
                for (int column = 0; column < builder.KeyBlocks; column++)
                {
                    if (random.NextDouble() < share)
                    {
                        builder.Keep(head, row, column);
                    }
                }
            }
        }

        return builder.Build();
    }

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];
}
