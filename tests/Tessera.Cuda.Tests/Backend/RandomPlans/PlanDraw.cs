using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;

namespace Tessera.Cuda.Tests.Backend.RandomPlans;

/// <summary>A plan drawn from a seed: shape, orders, mask, recipe, rotary embedding and inputs, each independent of the others.</summary>
internal sealed class PlanDraw
{
    private static readonly BlockSize[] Sizes =
    [
        new(64, 64), new(64, 64), new(64, 64), new(64, 64), new(64, 64), new(128, 64), new(128, 64), new(192, 64), new(256, 64), new(64, 128),
        new(128, 128), new(256, 192), new(32, 64), new(64, 32),
    ];

    private static readonly int[] HeadDims = [8, 17, 24, 33, 40, 63, 64, 64, 65, 72, 80, 88, 96, 104, 120, 127, 128, 128];
    private static readonly int[] Architectures = [80, 89, 89, 89, 89, 89, 90, 120];

    private static readonly AxisOrder[] AxisOrders = [.. AxisOrder.All];

    private readonly Random _random;

    private PlanDraw(int seed)
    {
        _random = new Random(seed);
        Seed = seed;
        Architecture = Pick(Architectures);
        int channels = Pick(HeadDims);
        int heads = _random.Next(1, 4);
        int batch = Chance(0.25) ? 2 : 1;
        TokenGrid? grid = Chance(0.5) ? DrawGrid() : null;
        int queries = grid?.Tokens ?? Length();
        int keys = grid is null && Chance(0.6) ? Length() : queries;
        AttentionShape shape = new(batch, heads, queries, keys, channels);
        BlockSize size = Pick(Sizes);
        IReadOnlyList<TokenOrder> orders = grid is { } tokens ? DrawOrders(tokens, heads, size) : [];
        Plan = new AttentionPlan
        {
            Name = $"random-{seed}",
            Shape = shape,
            Grid = grid,
            Orders = orders,
            Mask = DrawMask(shape, grid, orders, size),
            Recipe = RecipeDraw.Next(_random, grid is not null, Architecture),
            Scale = Chance(0.2) ? (Chance(0.1) ? -0.25 : 0.25) / Math.Sqrt(channels) : null,
            ScoreModifier = Chance(0.02) ? ScoreModifier.Of(new SoftCap(20)) : null,
            Normalization = Chance(0.02) ? SoftmaxNormalization.WholeRow : SoftmaxNormalization.KeptBlocks,
            ProbabilitySkipThreshold = Chance(0.02) ? 12 : null,
        };
        Rotary = queries == keys && channels % 2 == 0 && Chance(0.4)
            ? grid is { } turned ? RotaryEmbedding.ForGrid(turned, channels) : RotaryEmbedding.ForSequence(queries, channels)
            : null;
        Inputs = new InputDraw(shape, _random);
    }

    public int Seed { get; }

    /// <summary>Compute capability times ten of the device to ask.</summary>
    public int Architecture { get; }

    public AttentionPlan Plan { get; }

    public RotaryEmbedding? Rotary { get; }

    public InputDraw Inputs { get; }

    /// <summary>What the operands are for the kernels: Q and K turned by <see cref="Rotary"/>.</summary>
    public AttentionInputs Call => Inputs.Narrow.Inputs with { Rotary = Rotary };

    /// <summary>
    /// The plan as the kernels walk it: the same pairs in key blocks of 64, which matters to probabilities against a running maximum.
    /// </summary>
    public AttentionPlan InKeyBlocksOf64
    {
        get
        {
            BlockMask mask = Plan.Mask;
            BlockSize size = new(mask.Size.Query, 64);
            if (mask.Size.Key == 64 || (mask.Predicate is null && mask.Density == 1))
            {
                return Plan with { Mask = mask.Size.Key == 64 ? mask : BlockMask.Dense(mask.QuerySlots, mask.KeySlots, size) };
            }

            BlockMaskBuilder builder = new(mask.MaskHeads, mask.QuerySlots, mask.KeySlots, size);
            for (int head = 0; head < builder.Heads; head++)
            {
                for (int row = 0; row < builder.QueryBlocks; row++)
                {
                    for (int column = 0; column < builder.KeyBlocks; column++)
                    {
                        builder[head, row, column] = mask.Coverage(head, row, column * 64 / mask.Size.Key);
                    }
                }
            }

            return Plan with { Mask = builder.Build(mask.Predicate) };
        }
    }

    /// <summary>The product of the longest rows of Q and K of a head: no score is larger.</summary>
    public double LargestProduct(int pair)
    {
        AttentionInputs inputs = Inputs.Narrow.Inputs;
        return Longest(inputs.Query, pair) * Longest(inputs.Key, pair);
    }

    /// <summary>Draws a plan.</summary>
    public static PlanDraw Of(int seed) => new(seed);

    /// <inheritdoc/>
    public override string ToString() =>
        $"seed {Seed}: {Plan}, {Plan.Mask}, orders [{string.Join(", ", Plan.Orders)}], {Inputs}{(Rotary is null ? "" : ", turned")}, sm_{Architecture}";

    private static double Longest(in InputTensor tensor, int pair)
    {
        double longest = 0;
        for (int token = 0; token < tensor.Tokens; token++)
        {
            double sum = 0;
            for (int channel = 0; channel < tensor.Channels; channel++)
            {
                double x = tensor[pair / tensor.Heads, pair % tensor.Heads, token, channel];
                sum += x * x;
            }

            longest = Math.Max(longest, Math.Sqrt(sum));
        }

        return longest;
    }

    // One token, lengths around the edges of blocks, and anything.
    private int Length() => _random.Next(6) switch
    {
        0 => 1,
        1 => (64 * _random.Next(1, 5)) + _random.Next(-1, 2),
        _ => _random.Next(2, 301),
    };

    private TokenGrid DrawGrid()
    {
        int text = Chance(0.3) ? _random.Next(1, 30) : 0;
        return new TokenGrid(
            _random.Next(1, 5), _random.Next(1, 9), _random.Next(1, 9), text,
            text == 0 ? TextPlacement.None : Chance(0.5) ? TextPlacement.Front : TextPlacement.Back);
    }

    private IReadOnlyList<TokenOrder> DrawOrders(TokenGrid grid, int heads, BlockSize size)
    {
        switch (_random.Next(4))
        {
            case 0:
                return [];
            case 1:
                return [TokenOrder.ForAxisOrder(grid, Pick(AxisOrders))];
            case 2:
                return [.. Enumerable.Range(0, heads).Select(_ => TokenOrder.ForAxisOrder(grid, Pick(AxisOrders)))];
            default:
                TileShape tile = new(_random.Next(1, 4), _random.Next(2, 6), _random.Next(2, 6));
                return [new TileLayout(grid, tile, Chance(0.5) ? size.Key : size.Query).Order];
        }
    }

    private BlockMask DrawMask(AttentionShape shape, TokenGrid? grid, IReadOnlyList<TokenOrder> orders, BlockSize size)
    {
        int querySlots = orders.Count == 0 ? shape.QueryLength : orders[0].Slots;
        int keySlots = orders.Count == 0 ? shape.KeyLength : orders[0].Slots;
        switch (_random.Next(5))
        {
            case 0:
                return BlockMask.Dense(querySlots, keySlots, size);
            case 1 or 2:
                return DrawLists(querySlots, keySlots, shape.Heads, size);
            default:
                // Lists of a functor fit one order; with an order a head they are made head by head.
                bool perHead = orders.Count > 1;
                MaskPredicate predicate = DrawPredicate(grid, querySlots, keySlots);
                BlockMaskBuilder builder = new(perHead || Chance(0.3) ? shape.Heads : 1, querySlots, keySlots, size);
                for (int head = 0; head < builder.Heads; head++)
                {
                    builder.KeepAllowed(head, predicate, orders.Count == 0 ? null : orders[perHead ? head : 0]);
                }

                return builder.Build(predicate);
        }
    }

    private BlockMask DrawLists(int querySlots, int keySlots, int heads, BlockSize size)
    {
        BlockMaskBuilder builder = new(Chance(0.5) ? heads : 1, querySlots, keySlots, size);
        double density = _random.NextDouble();
        for (int head = 0; head < builder.Heads; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                // A row now and then sees nothing at all.
                for (int column = 0; column < builder.KeyBlocks && !Chance(0.1 / builder.KeyBlocks); column++)
                {
                    if (Chance(density))
                    {
                        builder.Keep(head, row, column);
                    }
                }
            }
        }

        return builder.Build();
    }

    private MaskPredicate DrawPredicate(TokenGrid? grid, int queries, int keys) => _random.Next(grid is null ? 4 : 5) switch
    {
        0 => MaskPredicate.Of(new SlidingWindow(_random.Next(0, Math.Max(queries, keys)))),
        1 => MaskPredicate.Of(new Causal(_random.Next(-40, 40))),
        2 => MaskPredicate.Of(new And<Causal, Dilated>(new Causal(), new Dilated(_random.Next(1, 100), _random.Next(1, 4)))),
        3 => MaskPredicate.Of(new HalvesOfHeads()),
        _ => MaskPredicate.Of(new TemporalBand(grid!.Value, _random.Next(0, 3), _random.Next(0, 3))),
    };

    private bool Chance(double share) => _random.NextDouble() < share;

    private T Pick<T>(T[] values) => values[_random.Next(values.Length)];

    /// <summary>A functor of a caller's own that looks at the head: even heads see keys before, odd ones keys behind.</summary>
    internal readonly record struct HalvesOfHeads : IMaskMod
    {
        public bool Allows(TokenPair pair) => pair.Head % 2 == 0 ? pair.Key <= pair.Query : pair.Key >= pair.Query;
    }
}
