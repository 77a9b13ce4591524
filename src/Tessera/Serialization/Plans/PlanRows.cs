using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Serialization.Plans;

/// <summary>
/// The rule that a stored plan lets every query see something: an empty row is nearly always a defect of calibration, and shows as black
/// video.
/// </summary>
internal static class PlanRows
{
    /// <summary>Checks that each block row with a valid query keeps a block. Rows of padding may be empty.</summary>
    /// <exception cref="PlanMismatchException">One does not; the message names plan, head and row.</exception>
    public static void RequireNonEmpty(AttentionPlan plan)
    {
        BlockMask mask = plan.Mask;
        for (int head = 0; head < mask.MaskHeads; head++)
        {
            for (int row = 0; row < mask.QueryBlocks; row++)
            {
                if (mask.KeptInRow(head, row) == 0 && HoldsToken(plan, head, row))
                {
                    throw new PlanMismatchException(
                        $"Plan '{plan.Name}': block row {row} of head {head} keeps no block, so its queries would see nothing; "
                            + "keep at least one block a row.");
                }
            }
        }
    }

    private static bool HoldsToken(AttentionPlan plan, int head, int row)
    {
        int start = row * plan.Mask.Size.Query;
        int end = Math.Min(start + plan.Mask.Size.Query, plan.Mask.QuerySlots);
        bool shared = plan.Mask.MaskHeads == 1 && plan.Orders.Count > 1;
        for (int h = shared ? 0 : head; h <= (shared ? plan.Orders.Count - 1 : head); h++)
        {
            TokenOrder? order = plan.OrderOf(h);
            for (int slot = start; slot < end; slot++)
            {
                if (order is null || order.TokenAt(slot) != TokenOrder.Padding)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
