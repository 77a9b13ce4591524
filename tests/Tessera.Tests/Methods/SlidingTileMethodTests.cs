using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Methods;
using Tessera.Methods.Flex;
using Tessera.Methods.SlidingTile;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods;

public sealed class SlidingTileMethodTests
{
    private static readonly BlockSize Blocks = new(16, 16);

    [Theory]
    [InlineData(TextPlacement.None)]
    [InlineData(TextPlacement.Front)]
    [InlineData(TextPlacement.Back)]
    public void Output_equals_the_functor_in_natural_order(TextPlacement placement)
    {
        TokenGrid grid = placement == TextPlacement.None ? new(5, 9, 10) : new(5, 9, 10, 21, placement);
        AttentionShape shape = new(1, 2, grid.Tokens, grid.Tokens, 16);
        SeededInputs inputs = SeededInputs.Normal(shape);
        TileShape tile = new(2, 4, 4);
        TileWindow window = new(2, 1, 3);
        AttentionPlan tiled = Method(new SlidingTileOptions { Tile = tile, Windows = [window] }).Plan(inputs.Inputs, Context(grid));
        AttentionPlan masked = FlexAttention.Plan(shape, new SlidingTile3D(grid, tile, window), new FlexOptions { BlockSize = Blocks });
        AssertSame(ReferenceAttention.Compute(masked, inputs.Inputs), ReferenceAttention.Compute(tiled, inputs.Inputs));
        Assert.Null(tiled.Mask.Predicate);
    }

    [Fact]
    public void A_window_as_large_as_the_grid_is_dense_attention()
    {
        TokenGrid grid = new(3, 5, 7, 4, TextPlacement.Back);
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(2, 2, grid.Tokens, grid.Tokens, 8));
        AttentionPlan plan = Method(new SlidingTileOptions { Tile = new(2, 2, 2), Windows = [new(9, 9, 9)] }).Plan(inputs.Inputs, Context(grid));
        Assert.Equal(1, plan.Mask.Density);
        AssertSame(ReferenceAttention.Dense(inputs.Inputs), ReferenceAttention.Compute(plan, inputs.Inputs));
    }

    [Fact]
    public void Heads_may_have_windows_of_their_own()
    {
        TokenGrid grid = new(4, 8, 8);
        AttentionShape shape = new(1, 2, grid.Tokens, grid.Tokens, 8);
        SeededInputs inputs = SeededInputs.Normal(shape);
        TileShape tile = new(2, 4, 2);
        TileWindow[] windows = [new(1, 2, 1), new(2, 1, 3)];
        AttentionPlan plan = Method(new SlidingTileOptions { Tile = tile, Windows = windows }).Plan(inputs.Inputs, Context(grid));
        Assert.Equal(2, plan.Mask.MaskHeads);
        for (int head = 0; head < 2; head++)
        {
            Assert.Equal(windows[head].TileDensity(tile.CountIn(grid)), plan.Mask.HeadDensity(head), 12);
        }

        ReferenceResult together = ReferenceAttention.Compute(plan, inputs.Inputs);
        for (int head = 0; head < 2; head++)
        {
            AttentionPlan alone = Method(new SlidingTileOptions { Tile = tile, Windows = [windows[head]] }).Plan(inputs.Inputs, Context(grid));
            double[] expected = ReferenceAttention.Compute(alone, inputs.Inputs).Output;
            int size = grid.Tokens * 8;
            Assert.Equal(expected.AsSpan(head * size, size).ToArray(), together.Output.AsSpan(head * size, size).ToArray());
        }

        Assert.Throws<ArgumentException>(() => Method(new SlidingTileOptions { Windows = [new(1, 1, 1), new(1, 1, 1), new(1, 1, 1)] }).Plan(inputs.Inputs, Context(grid)));
    }

    [Theory]
    [InlineData(21, 30, 52)]
    [InlineData(21, 45, 80)]
    [InlineData(5, 9, 10)]
    public void The_density_of_a_window_is_that_of_its_mask(int f, int h, int w)
    {
        foreach (TokenGrid grid in new[] { new TokenGrid(f, h, w), new TokenGrid(f, h, w, 77, TextPlacement.Front) })
        {
            foreach (BlockSize size in new[] { BlockSize.Default, new BlockSize(128, 64), new BlockSize(64, 96) })
            {
                TileLayout layout = TileLayout.ForBlocks(grid, new TileShape(6, 8, 8), size.Query, size.Key);
                TileWindowCatalogue catalogue = new(layout, size);
                foreach (TileWindow window in new[] { new TileWindow(1, 1, 1), new TileWindow(3, 3, 1), new TileWindow(2, 5, 4), new TileWindow(9, 9, 99) })
                {
                    BlockMaskBuilder builder = new(1, layout.Slots, layout.Slots, size);
                    builder.KeepTileWindow(0, layout, window);
                    Assert.Equal(builder.Build().Density, catalogue.Density(window), 12);
                }
            }
        }
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.1)]
    [InlineData(0.3)]
    [InlineData(0.5)]
    [InlineData(1.0)]
    public void A_density_picks_the_nearest_window_on_its_side(double density)
    {
        TileLayout layout = TileLayout.ForBlocks(new TokenGrid(21, 45, 80), new TileShape(6, 8, 8), 64, 64);
        TileWindowCatalogue catalogue = new(layout, BlockSize.Default);
        TileWindow below = catalogue.ForDensity(density, DensityBound.AtMost);
        TileWindow above = catalogue.ForDensity(density, DensityBound.AtLeast);
        double nearestBelow = 0;
        double nearestAbove = 1;
        for (int f = 1; f <= 4; f++)
        {
            for (int h = 1; h <= 6; h++)
            {
                for (int w = 1; w <= 10; w++)
                {
                    double other = catalogue.Density(new TileWindow(f, h, w));
                    nearestBelow = other <= density ? Math.Max(nearestBelow, other) : nearestBelow;
                    nearestAbove = other >= density ? Math.Min(nearestAbove, other) : nearestAbove;
                }
            }
        }

        Assert.InRange(catalogue.Density(below), 0.9 * nearestBelow, density);
        Assert.InRange(catalogue.Density(above), density, 1.1 * nearestAbove);
    }

    [Fact]
    public void A_density_picks_windows_with_reach_along_every_axis()
    {
        TileLayout layout = TileLayout.ForBlocks(new TokenGrid(21, 30, 52), new TileShape(6, 8, 8), 64, 64);
        TileWindow window = new TileWindowCatalogue(layout, BlockSize.Default).ForDensity(0.3, DensityBound.AtMost);
        Assert.True(window.Frames >= 2 && window.Height >= 2 && window.Width >= 3, window.ToString());
    }

    [Fact]
    public void Densities_outside_their_range_are_refused()
    {
        TileWindowCatalogue catalogue = new(new TileLayout(new TokenGrid(4, 4, 4), new TileShape(2, 2, 2), 64), BlockSize.Default);
        Assert.Equal(new TileWindow(1, 1, 1), catalogue.ForDensity(1e-6, DensityBound.AtMost));
        Assert.Throws<ArgumentOutOfRangeException>(() => catalogue.ForDensity(0, DensityBound.AtMost));
        Assert.Throws<ArgumentOutOfRangeException>(() => catalogue.ForDensity(1.01, DensityBound.AtMost));
    }

    [Fact]
    public void The_search_gives_each_head_the_window_of_its_pattern()
    {
        TokenGrid grid = new(6, 6, 8);
        StructuredHeads heads = StructuredHeads.Create(grid, 3, 32, seed: 5, new StructuredHeadsOptions { Kinds = [HeadKind.Spatial, HeadKind.Temporal, HeadKind.SpreadWidth] });
        TileWindow[] candidates = [new(1, 3, 4), new(3, 1, 1), new(1, 1, 4)];
        SlidingTileSearch sampled = new(heads.Shape, Context(grid), new TileShape(2, 2, 2), candidates);
        sampled.AddSampled(heads.Inputs, sampledRows: 288);
        SlidingTileSearch full = new(heads.Shape, Context(grid), new TileShape(2, 2, 2), candidates);
        full.Add(heads.Inputs, ReferenceBackend.Shared);
        Assert.Equal(candidates[0], full.Choose()[0]);
        Assert.Equal(candidates[1], full.Choose()[1]);
        Assert.Equal(full.Choose(), sampled.Choose());
        for (int head = 0; head < 3; head++)
        {
            for (int candidate = 0; candidate < candidates.Length; candidate++)
            {
                // Every row was sampled, so the two ways differ by binary32 rounding only.
                Assert.InRange(sampled.Error(head, candidate) / full.Error(head, candidate), 0.999, 1.001);
            }
        }

        Assert.Equal(3, sampled.Plan().Mask.MaskHeads);
        Assert.Throws<InvalidOperationException>(() => new SlidingTileSearch(heads.Shape, Context(grid), new TileShape(2, 2, 2), candidates).Choose());
    }

    [Fact]
    public void A_density_may_be_searched_per_head()
    {
        TokenGrid grid = new(6, 6, 8);
        StructuredHeads heads = StructuredHeads.Create(grid, 2, 32, seed: 5, new StructuredHeadsOptions { Kinds = [HeadKind.Spatial, HeadKind.Temporal] });
        SlidingTileOptions options = new() { Tile = new(2, 2, 2), Density = 0.35 };
        AttentionPlan one = Method(options).Plan(heads.Inputs, Context(grid));
        AttentionPlan searched = Method(options with { SearchPerHead = true }).Plan(heads.Inputs, Context(grid));
        Assert.Equal(2, searched.Mask.MaskHeads);
        Assert.InRange(searched.Mask.Density, 0.2, 0.35);
        double[] dense = ReferenceAttention.Dense(heads.Inputs).Output;
        Assert.True(Error(searched) < 0.7 * Error(one), $"relative L2 {Error(searched)} searched, {Error(one)} with one window");

        double Error(AttentionPlan plan) => AttentionError.Compare(dense, ReferenceAttention.Compute(plan, heads.Inputs).Output).RelativeL2;
    }

    [Fact]
    public void Candidates_of_a_density_share_its_cost()
    {
        TileLayout layout = TileLayout.ForBlocks(new TokenGrid(21, 45, 80), new TileShape(6, 8, 8), 64, 64);
        TileWindowCatalogue catalogue = new(layout, BlockSize.Default);
        IReadOnlyList<TileWindow> candidates = catalogue.CandidatesFor(0.17);
        Assert.True(candidates.Count >= 6, $"{candidates.Count} candidates");
        Assert.Equal(candidates.Count, candidates.Distinct().Count());
        Assert.All(candidates, window => Assert.InRange(catalogue.Density(window), 0.75 * 0.17, 0.17));
    }

    private static SlidingTileMethod Method(SlidingTileOptions options) => new(options);

    private static PlanningContext Context(TokenGrid grid) => new(grid) { BlockSize = Blocks };

    private static void AssertSame(ReferenceResult expected, ReferenceResult actual)
    {
        AttentionError error = AttentionError.Compare(expected.Output, actual.Output);
        Assert.True(error.RelativeL2 < 1e-13, $"relative L2 {error.RelativeL2}");
        Assert.Equal(expected.LogSumExp, actual.LogSumExp, new Close(1e-12));
    }
}
