using Tessera.Layout;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Quantization;

public sealed class ScaleGroupsTests
{
    [Fact]
    public void Run_based_granularities_group_as_defined()
    {
        AssertGroups(QuantizationGranularity.PerTensor, 0, 7, _ => 0, 1);
        AssertGroups(QuantizationGranularity.PerHead, 0, 7, _ => 0, 1);
        AssertGroups(QuantizationGranularity.PerToken, 0, 7, slot => slot, 7);
        AssertGroups(QuantizationGranularity.PerBlock, 3, 7, slot => slot / 3, 3);
    }

    [Fact]
    public void Per_channel_scales_are_indexed_by_group_then_channel()
    {
        ScaleGroups whole = ScaleGroups.Create(new(NumberFormat.Int8, QuantizationGranularity.PerChannel), AttentionOperand.Value, 10, 4);
        Assert.Equal(4, whole.Count);
        Assert.Equal(3, whole.IndexOf(9, 3));
        ScaleGroups runs = ScaleGroups.Create(new(NumberFormat.Int8, QuantizationGranularity.PerChannel, 4), AttentionOperand.Value, 10, 4);
        Assert.Equal(12, runs.Count);
        Assert.Equal(4 + 2, runs.IndexOf(4, 2));
        Assert.Equal(8 + 1, runs.IndexOf(9, 1));
    }

    [Fact]
    public void Per_thread_groups_are_those_of_SageAttention2()
    {
        // Queries: rows of a 32-row warp tile with equal row mod 8. Keys: rows of a 64-row tile with equal floor((row mod 8) / 2).
        ScaleGroups query = ScaleGroups.Create(new(NumberFormat.Int8, QuantizationGranularity.PerThread, 32), AttentionOperand.Query, 70, 2);
        ScaleGroups key = ScaleGroups.Create(new(NumberFormat.Int8, QuantizationGranularity.PerThread, 64), AttentionOperand.Key, 70, 2);
        Assert.Equal(24, query.Count);
        Assert.Equal(8, key.Count);
        Assert.Equal([0, 8, 16, 24], SlotsOf(query, 0));
        Assert.Equal([33, 41, 49, 57], SlotsOf(query, 9));
        Assert.Equal([6, 7, 14, 15, 22, 23, 30, 31, 38, 39, 46, 47, 54, 55, 62, 63], SlotsOf(key, 3));
        Assert.Equal([64, 65], SlotsOf(key, 4));
    }

    [Theory]
    [InlineData("5x9x10", 0)]
    [InlineData("5x9x10+7@front", 2)]
    [InlineData("3x4x5+3@back", 5)]
    public void Tile_groups_hold_the_tokens_of_a_tile_whatever_the_order(string gridText, int orderId)
    {
        TokenGrid grid = TokenGrid.Parse(gridText);
        TileShape tile = new(2, 4, 4);
        TokenOrder order = TokenOrder.ForAxisOrder(grid, new AxisOrder(orderId)).PaddedTo(64);
        ScaleGroups groups = ScaleGroups.Create(new(NumberFormat.Float8E4M3, QuantizationGranularity.PerTile, 0, tile), AttentionOperand.Key, order.Slots, 3, order, grid);
        int tilesInGrid = (int)(Math.Ceiling(grid.Frames / 2.0) * Math.Ceiling(grid.Height / 4.0) * Math.Ceiling(grid.Width / 4.0));
        Assert.Equal(tilesInGrid + (grid.TextTokens > 0 ? 1 : 0), groups.Count);
        Dictionary<int, (int, int, int)> tileOfGroup = [];
        for (int slot = 0; slot < order.Slots; slot++)
        {
            int token = order.TokenAt(slot);
            if (token == TokenOrder.Padding)
            {
                Assert.Equal(groups.SlotGroups[slot - 1], groups.SlotGroups[slot]);
                Assert.False(groups.IsValid(slot));
                continue;
            }

            (int, int, int) expected = (-1, -1, -1);
            if (!grid.IsText(token))
            {
                (int frame, int row, int column) = grid.CoordinatesOf(token);
                expected = (frame / 2, row / 4, column / 4);
            }

            Assert.True(tileOfGroup.TryAdd(groups.SlotGroups[slot], expected) || tileOfGroup[groups.SlotGroups[slot]] == expected);
        }

        Assert.Equal(groups.Count, tileOfGroup.Count);
        Assert.Equal(groups.Count, tileOfGroup.Values.Distinct().Count());
    }

    [Fact]
    public void Coarse_tiles_nest_fine_ones()
    {
        TokenGrid grid = new(7, 9, 11);
        ScaleGroups fine = Tiles(grid, new TileShape(2, 2, 2));
        ScaleGroups coarse = Tiles(grid, new TileShape(4, 4, 4));
        Dictionary<int, int> parent = [];
        for (int slot = 0; slot < grid.Tokens; slot++)
        {
            Assert.True(parent.TryAdd(fine.SlotGroups[slot], coarse.SlotGroups[slot]) || parent[fine.SlotGroups[slot]] == coarse.SlotGroups[slot]);
        }
    }

    [Fact]
    public void Misfits_are_refused_with_their_names()
    {
        OperandFormat tile = new(NumberFormat.Float8E4M3, QuantizationGranularity.PerTile, 0, new TileShape(2, 2, 2));
        Refused("grid", tile, 8);
        Refused("positive", tile with { Tile = default }, 8, new TokenGrid(2, 2, 2));
        Refused("8 tokens", tile, 9, new TokenGrid(2, 2, 2));
        Refused("at least 1", new(NumberFormat.Int8, QuantizationGranularity.PerBlock), 8);
        Refused("at least 1", new(NumberFormat.Int8, QuantizationGranularity.PerThread), 8);
        Refused("probabilities only", new(NumberFormat.UInt8), 8);
        ArgumentException slots = Assert.Throws<ArgumentException>(
            () => ScaleGroups.Create(new(NumberFormat.Int8), AttentionOperand.Key, 8, 2, TokenOrder.Identity(7)));
        Assert.Contains("7 slots", slots.Message, StringComparison.Ordinal);
    }

    private static void Refused(string wanted, OperandFormat format, int slots, TokenGrid? grid = null)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => ScaleGroups.Create(format, AttentionOperand.Key, slots, 2, null, grid));
        Assert.Contains(wanted, error.Message, StringComparison.Ordinal);
    }

    private static ScaleGroups Tiles(TokenGrid grid, TileShape tile) =>
        ScaleGroups.Create(new(NumberFormat.Float8E4M3, QuantizationGranularity.PerTile, 0, tile), AttentionOperand.Query, grid.Tokens, 1, null, grid);

    private static int[] SlotsOf(ScaleGroups groups, int group) => [.. Enumerable.Range(0, groups.Slots).Where(slot => groups.SlotGroups[slot] == group)];

    private static void AssertGroups(QuantizationGranularity granularity, int group, int slots, Func<int, int> expected, int count)
    {
        ScaleGroups groups = ScaleGroups.Create(new(NumberFormat.Int8, granularity, group), AttentionOperand.Query, slots, 3);
        Assert.Equal(count, groups.Count);
        Assert.Equal([.. Enumerable.Range(0, slots).Select(expected)], groups.SlotGroups.ToArray());
    }
}
