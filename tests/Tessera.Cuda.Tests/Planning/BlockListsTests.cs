using Tessera.Attention;
using Tessera.Cuda.Planning;
using Tessera.Cuda.Tests.Backend;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Cuda.Tests.Planning;

public sealed class BlockListsTests
{
    [Fact]
    public void A_dense_mask_needs_no_lists()
    {
        BlockLists lists = BlockLists.Of(BackendCase.Dense(new AttentionShape(1, 4, 300, 300, 64), KnownRecipes.Int8));

        Assert.Empty(lists.RowStart);
        Assert.Empty(lists.Blocks);
        Assert.Empty(lists.Schedule(1, 4, 5, 64, 4));
    }

    [Theory]
    [InlineData(64, 64)]
    [InlineData(128, 128)]
    [InlineData(64, 192)]
    public void Lists_and_bits_say_exactly_what_the_mask_says(int queryBlock, int keyBlock)
    {
        const int Slots = 400;
        BlockSize size = new(queryBlock, keyBlock);
        AttentionPlan plan = BackendCase.Dense(new AttentionShape(1, 2, Slots, Slots, 64), KnownRecipes.BFloat16) with
        {
            Mask = BackendCase.MaskOf(Slots, size, new SlidingWindow(77)),
        };
        BlockLists lists = BlockLists.Of(plan);

        Assert.Equal(1, lists.MaskHeads);
        for (int query = 0; query < Slots; query++)
        {
            int row = query / queryBlock;
            HashSet<int> seen = [];
            for (int entry = lists.RowStart[row]; entry < lists.RowStart[row + 1]; entry++)
            {
                Assert.True(entry == lists.RowStart[row] || lists.Blocks[entry] > lists.Blocks[entry - 1]);
                int bits = lists.BlockMasks[entry];
                for (int k = 0; k < 64 && (lists.Blocks[entry] * 64) + k < Slots; k++)
                {
                    if (bits < 0 || ((lists.MaskBits[(bits * queryBlock) + (query % queryBlock)] >> k) & 1) != 0)
                    {
                        seen.Add((lists.Blocks[entry] * 64) + k);
                    }
                }
            }

            Assert.Equal(Enumerable.Range(0, Slots).Where(key => Math.Abs(query - key) <= 77), seen.Order());
        }
    }

    [Fact]
    public void Orders_that_differ_by_head_make_bits_of_their_own()
    {
        TokenGrid grid = new(4, 8, 8);
        BlockMask mask = BackendCase.MaskOf(256, new BlockSize(64, 64), new SlidingWindow(20));
        AttentionPlan plan = BackendCase.Dense(new AttentionShape(1, 2, 256, 256, 64), KnownRecipes.BFloat16) with
        {
            Grid = grid,
            Mask = mask,
            Orders = [TokenOrder.Identity(256), TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("WHF"))],
        };

        Assert.Equal(2, BlockLists.Of(plan).MaskHeads);
    }

    [Fact]
    public void The_longest_list_is_worked_on_first_and_equal_ones_in_their_sequence()
    {
        BlockMaskBuilder builder = new(1, 256, 256, new BlockSize(64, 64));
        builder.KeepRange(0, 0, 0, 1);
        builder.KeepRange(0, 1, 0, 4);
        builder.KeepRange(0, 2, 0, 1);
        builder.KeepRange(0, 3, 0, 2);
        AttentionPlan plan = BackendCase.Dense(new AttentionShape(1, 2, 256, 256, 64), KnownRecipes.Int8) with { Mask = builder.Build() };
        BlockLists lists = BlockLists.Of(plan);

        Assert.Equal([1, 5, 3, 7, 0, 2, 4, 6], lists.Schedule(1, 2, 4, 64, together: 2));
        Assert.Equal([1, 3, 0, 2, 5, 7, 4, 6], lists.Schedule(1, 2, 4, 64, together: 1));
        Assert.Equal([0, 1, 5, 6, 8], lists.RowStart);
    }

    [Fact]
    public void Valid_slots_are_counted_where_an_order_pads()
    {
        int[] tokens = [.. Enumerable.Range(0, 100), .. Enumerable.Repeat(-1, 28), .. Enumerable.Range(100, 30), .. Enumerable.Repeat(-1, 34)];
        TokenOrder order = new(tokens, "padded", 64);
        AttentionPlan plan = BackendCase.Dense(new AttentionShape(1, 1, 130, 130, 64), KnownRecipes.Int8) with
        {
            Orders = [order],
            Mask = BlockMask.Dense(192, 192, new BlockSize(64, 64)),
        };

        Assert.Equal([64, 36, 30], BlockLists.KeyCounts(plan));
        Assert.Empty(BlockLists.KeyCounts(plan with { Orders = [TokenOrder.Identity(130)] }));
    }
}
