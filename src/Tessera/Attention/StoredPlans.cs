using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Attention;

/// <summary>
/// Plans for a caller that keeps its tokens in another order than the natural one for good: reordering happens once per generation and
/// not in each call. Blocks, masks and sums are those of the original plan, slot by slot, so results are the same bits.
/// </summary>
public static class StoredPlans
{
    /// <summary>
    /// The order that the plans of a schedule have in common, in which a caller may keep its tokens; null when they have none, when heads
    /// or plans differ, or when a plan depends on the natural order otherwise. Plans without an order do not matter when they are dense.
    /// Padding of the order is left out: tokens follow each other as their slots do.
    /// </summary>
    public static TokenOrder? SharedOrder(PlanSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        TokenOrder? shared = null;
        foreach (AttentionPlan plan in schedule.Plans)
        {
            if (FindNaturalUse(plan) is not null || (plan.Orders.Count == 0 && plan.Mask.Density < 1))
            {
                return null;
            }

            foreach (TokenOrder order in plan.Orders)
            {
                shared ??= order;
                if (!shared.Equals(order))
                {
                    return null;
                }
            }
        }

        return shared is null || WithoutPadding(shared) is { IsIdentity: true } ? null : WithoutPadding(shared);
    }

    /// <summary>
    /// The plan for tokens that stand in <paramref name="order"/>: row s of Q, K, V and output is token <c>order.TokenAt(s)</c>.
    /// </summary>
    /// <exception cref="ArgumentException">The order is padded or has another number of tokens.</exception>
    /// <exception cref="PlanMismatchException">The plan depends on the natural order of tokens; the message says how.</exception>
    public static AttentionPlan StoredIn(this AttentionPlan plan, TokenOrder order)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(order);
        if (order.IsPadded || order.Tokens != plan.Shape.QueryLength || plan.Shape.QueryLength != plan.Shape.KeyLength)
        {
            throw new ArgumentException(
                $"Tokens of {plan.Shape} cannot be stored in order {order}; wanted as many tokens and no padding.", nameof(order));
        }

        if (FindNaturalUse(plan) is { } use)
        {
            throw new PlanMismatchException($"Plan '{plan.Name}' {use}; keep its tokens in natural order.");
        }

        if (order.IsIdentity)
        {
            return plan;
        }

        IReadOnlyList<TokenOrder> orders = plan.Orders.Count == 0 ? [TokenOrder.Identity(order.Tokens)] : plan.Orders;
        TokenOrder[] stored = [.. orders.Select(natural => FromStored(natural, order))];
        return plan with { Grid = null, Orders = Array.TrueForAll(stored, static each => each.IsIdentity) ? [] : stored };
    }

    private static string? FindNaturalUse(AttentionPlan plan) =>
        plan.Mask.Predicate is not null ? $"decides pairs of tokens by {plan.Mask.Predicate}"
        : plan.ScoreModifier is not null ? $"changes scores by {plan.ScoreModifier}"
        : plan.Recipe.Query.Granularity == QuantizationGranularity.PerTile || plan.Recipe.Key.Granularity == QuantizationGranularity.PerTile
            ? "has scales per tile of the grid"
            : null;

    private static TokenOrder FromStored(TokenOrder natural, TokenOrder stored)
    {
        int[] rows = new int[natural.Slots];
        for (int slot = 0; slot < rows.Length; slot++)
        {
            int token = natural.TokenAt(slot);
            rows[slot] = token == TokenOrder.Padding ? TokenOrder.Padding : stored.SlotOf(token);
        }

        return new TokenOrder(rows, $"{natural.Name} of {stored.Name}", natural.Alignment);
    }

    private static TokenOrder WithoutPadding(TokenOrder order)
    {
        if (!order.IsPadded)
        {
            return order;
        }

        int[] tokens = new int[order.Tokens];
        int row = 0;
        foreach (int token in order.TokenAtSlot)
        {
            if (token != TokenOrder.Padding)
            {
                tokens[row++] = token;
            }
        }

        return new TokenOrder(tokens, order.Name);
    }
}
