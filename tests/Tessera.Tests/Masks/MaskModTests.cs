using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Xunit;

namespace Tessera.Tests.Masks;

/// <summary>Every functor, in several storage orders and block sizes, against a look at each pair.</summary>
public sealed class MaskModTests
{
    private static readonly TokenGrid Plain = new(5, 6, 7);
    private static readonly TokenGrid Front = new(3, 5, 9, 13, TextPlacement.Front);
    private static readonly TokenGrid Back = new(4, 3, 10, 21, TextPlacement.Back);

    public static TheoryData<string> Mods() => [.. Cases().Select(static mod => mod.Key)];

    [Theory]
    [MemberData(nameof(Mods))]
    public void Blocks_are_classified_exactly(string name)
    {
        (TokenGrid grid, MaskPredicate predicate) = Cases()[name];
        foreach (TokenOrder order in new[] { TokenOrder.Identity(grid.Tokens), GridOrders.TokenMajor(grid), GridOrders.Hilbert(grid), new TileLayout(grid, new TileShape(2, 2, 4), 16).Order })
        {
            foreach (BlockSize size in new[] { new BlockSize(16, 16), new BlockSize(16, 8), new BlockSize(1, 4) })
            {
                BlockMaskBuilder builder = new(2, order.Slots, order.Slots, size);
                builder.KeepAllowed(1, predicate, order);
                BlockMask mask = builder.Build(predicate);
                for (int row = 0; row < mask.QueryBlocks; row++)
                {
                    Assert.Equal(0, mask.KeptInRow(0, row));
                    for (int column = 0; column < mask.KeyBlocks; column++)
                    {
                        Assert.Equal(LookAtEachPair(predicate, order, size, row, column), mask.Coverage(1, row, column));
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Mods))]
    public void What_is_claimed_of_rectangles_is_true(string name)
    {
        (TokenGrid grid, MaskPredicate predicate) = Cases()[name];
        Random random = new(7);
        int known = 0;
        for (int trial = 0; trial < 2000; trial++)
        {
            int queryStart = random.Next(grid.Tokens);
            int queryCount = 1 + random.Next(Math.Min(40, grid.Tokens - queryStart));
            int keyStart = random.Next(grid.Tokens);
            int keyCount = 1 + random.Next(Math.Min(40, grid.Tokens - keyStart));
            BlockCoverage claimed = predicate.Classify(1, queryStart, queryCount, keyStart, keyCount);
            if (claimed != BlockCoverage.Partial)
            {
                known++;
                Assert.Equal(claimed, predicate.Inspect(0, 1, [.. Enumerable.Range(queryStart, queryCount)], [.. Enumerable.Range(keyStart, keyCount)]));
            }
        }

        Assert.True(known > 50, $"only {known} of 2000 rectangles were decided without looking at pairs");
    }

    [Fact]
    public void Lengths_may_differ_in_natural_order()
    {
        MaskPredicate predicate = MaskPredicate.Of(new Causal(Offset: 60));
        BlockMaskBuilder builder = new(1, 40, 100, new BlockSize(16, 16));
        builder.KeepAllowed(0, predicate);
        BlockMask mask = builder.Build(predicate);
        Assert.Equal([0, 1, 2], mask.FullKeyBlocks(0, 0).ToArray());
        Assert.Equal([3, 4], mask.PartialKeyBlocks(0, 0).ToArray());
        Assert.Equal([0, 1, 2, 3, 4], mask.FullKeyBlocks(0, 2).ToArray());
        Assert.Equal([5, 6], mask.PartialKeyBlocks(0, 2).ToArray());
    }

    [Fact]
    public void A_mask_that_looks_at_the_batch_serves_all_batches()
    {
        MaskPredicate predicate = MaskPredicate.Of(default(EvenBatches));
        BlockMaskBuilder builder = new(1, 32, 32, new BlockSize(16, 16));
        builder.KeepAllowed(0, predicate, batches: 2);
        Assert.Equal(BlockCoverage.Partial, builder[0, 0, 0]);
        builder.KeepAllowed(0, predicate);
        Assert.Equal(BlockCoverage.Full, builder[0, 0, 0]);
    }

    [Fact]
    public void Natten_sees_the_same_number_of_keys_everywhere()
    {
        TokenGrid grid = new(5, 9, 10);
        Natten3D natten = new(grid, 1, 2, 3);
        for (int query = 0; query < grid.Tokens; query++)
        {
            Assert.Equal(3 * 5 * 7, Enumerable.Range(0, grid.Tokens).Count(key => natten.Allows(new TokenPair(0, 0, query, key))));
        }
    }

    [Fact]
    public void Tiled_natten_shares_one_window_per_tile()
    {
        TokenGrid grid = new(5, 9, 10);
        TileShape tile = new(2, 4, 4);
        TiledNatten3D tiled = new(grid, tile, 1, 2, 3);
        TileLayout layout = new(grid, tile, 1);
        for (int index = 0; index < layout.TileCount; index++)
        {
            SlotRange slots = layout.TileSlots(index);
            for (int key = 0; key < grid.Tokens; key++)
            {
                bool first = tiled.Allows(new TokenPair(0, 0, layout.Order.TokenAt(slots.Start), key));
                Assert.Equal(first, tiled.Allows(new TokenPair(0, 0, layout.Order.TokenAt(slots.End - 1), key)));
            }
        }
    }

    [Fact]
    public void Names_carry_their_parameters()
    {
        Assert.Equal("(causal & sliding-window-8)", new And<Causal, SlidingWindow>(new Causal(), new SlidingWindow(8)).ToString());
        Assert.Equal("!(causal+3 | prefix-lm-4)", new Not<Or<Causal, PrefixLm>>(new(new Causal(3), new PrefixLm(4))).ToString());
        Assert.Equal("sta-3x3x5-of-tiles-6x8x8-of-21x30x52", new SlidingTile3D(new TokenGrid(21, 30, 52), new TileShape(6, 8, 8), new TileWindow(3, 3, 5)).ToString());
        Assert.Equal("natten-1x2x3-of-5x6x7", new Natten3D(Plain, 1, 2, 3).ToString());
        Assert.Equal("documents-2-of-7", Document.OfLengths(3, 4).ToString());
        Assert.Equal("soft-cap-50", new SoftCap(50).ToString());
        Assert.Equal("alibi-12", new Alibi(12).ToString());
    }

    [Fact]
    public void Score_functors_compute_their_formulas()
    {
        Assert.Equal(2f - (0.25f * 5), new Alibi(4).Apply(2, new TokenPair(0, 0, 7, 2)), 6);
        Assert.Equal(2f - (5f / 256), new Alibi(4).Apply(2, new TokenPair(0, 3, 2, 7)), 6);
        Assert.Equal(50 * Math.Tanh(2), new SoftCap(50).Apply(100, default), 4);
        RelativePositionBias bias = new(-1f, 0f, 4f);
        Assert.Equal(3f, bias.Apply(4, new TokenPair(0, 0, 9, 2)));
        Assert.Equal(8f, bias.Apply(4, new TokenPair(0, 0, 2, 9)));
        Assert.Equal(4f, bias.Apply(4, new TokenPair(0, 0, 3, 3)));
        Assert.Throws<ArgumentException>(() => new RelativePositionBias(1f, 2f));
        Assert.Throws<ArgumentException>(() => Document.OfLengths(3, 0));
    }

    private static Dictionary<string, (TokenGrid Grid, MaskPredicate Predicate)> Cases()
    {
        Dictionary<string, (TokenGrid, MaskPredicate)> cases = [];
        void Add<TMod>(TokenGrid grid, TMod mod)
            where TMod : struct, IMaskMod => cases.Add($"{mod} on {grid}", (grid, MaskPredicate.Of(mod)));

        Add(Plain, default(Everything));
        Add(Plain, new Causal());
        Add(Plain, new Causal(-17));
        Add(Plain, new SlidingWindow(23));
        Add(Plain, new Dilated(40, 3));
        Add(Plain, Document.OfLengths(50, 1, 70, 60));
        Add(Plain, new PrefixLm(33));
        Add(Plain, new And<Causal, SlidingWindow>(new Causal(), new SlidingWindow(30)));
        Add(Plain, new Or<PrefixLm, SlidingWindow>(new PrefixLm(20), new SlidingWindow(10)));
        Add(Plain, new Not<SlidingWindow>(new SlidingWindow(31)));
        foreach (TokenGrid grid in new[] { Plain, Front, Back })
        {
            Add(grid, new Natten3D(grid, 1, 2, 1));
            Add(grid, new TiledNatten3D(grid, new TileShape(2, 2, 4), 1, 1, 2));
            Add(grid, new SlidingTile3D(grid, new TileShape(2, 2, 4), new TileWindow(2, 3, 1)));
            Add(grid, new SpatialBand(grid, 1));
            Add(grid, new TemporalBand(grid, 1, 2));
        }

        return cases;
    }

    private static BlockCoverage LookAtEachPair(MaskPredicate predicate, TokenOrder order, BlockSize size, int row, int column)
    {
        int visible = 0;
        int pairs = 0;
        for (int q = row * size.Query; q < Math.Min(order.Slots, (row + 1) * size.Query); q++)
        {
            for (int k = column * size.Key; k < Math.Min(order.Slots, (column + 1) * size.Key); k++)
            {
                if (order.TokenAt(q) >= 0 && order.TokenAt(k) >= 0)
                {
                    pairs++;
                    visible += predicate.Allows(new TokenPair(0, 1, order.TokenAt(q), order.TokenAt(k))) ? 1 : 0;
                }
            }
        }

        return visible == 0 ? BlockCoverage.Empty : visible == pairs ? BlockCoverage.Full : BlockCoverage.Partial;
    }

    private readonly record struct EvenBatches : IMaskMod
    {
        public bool Allows(TokenPair pair) => pair.Batch % 2 == 0;
    }
}
