using Tessera.Attention;
using Tessera.Masks;
using Xunit;

namespace Tessera.Tests.Serialization;

internal static class PlanFileAssert
{
    public static void Equal(AttentionPlan expected, AttentionPlan actual)
    {
        Assert.Equal(expected with { Mask = actual.Mask, Orders = actual.Orders, ScoreModifier = actual.ScoreModifier }, actual);
        Assert.Equal(expected.ScoreModifier?.ToString(), actual.ScoreModifier?.ToString());
        Assert.Equal(expected.Orders, actual.Orders);
        Assert.Equal(expected.Orders.Select(order => order.Name), actual.Orders.Select(order => order.Name));
        Equal(expected.Mask, actual.Mask);
    }

    public static void Equal(BlockMask expected, BlockMask actual)
    {
        Assert.Equal((expected.MaskHeads, expected.QuerySlots, expected.KeySlots, expected.Size), (actual.MaskHeads, actual.QuerySlots, actual.KeySlots, actual.Size));
        Assert.Equal(expected.Predicate?.ToString(), actual.Predicate?.ToString());
        for (int head = 0; head < expected.MaskHeads; head++)
        {
            for (int row = 0; row < expected.QueryBlocks; row++)
            {
                Assert.Equal(expected.FullKeyBlocks(head, row).ToArray(), actual.FullKeyBlocks(head, row).ToArray());
                Assert.Equal(expected.PartialKeyBlocks(head, row).ToArray(), actual.PartialKeyBlocks(head, row).ToArray());
            }
        }
    }
}
