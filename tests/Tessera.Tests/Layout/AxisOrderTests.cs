using Tessera.Layout;
using Xunit;

namespace Tessera.Tests.Layout;

public class AxisOrderTests
{
    /// <summary>The six permutations of the PARO plan contract on a grid of 2x2x3: source index of each destination.</summary>
    [Theory]
    [InlineData(0, "FHW", new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 })]
    [InlineData(1, "FWH", new[] { 0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11 })]
    [InlineData(2, "HWF", new[] { 0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11 })]
    [InlineData(3, "HFW", new[] { 0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11 })]
    [InlineData(4, "WHF", new[] { 0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11 })]
    [InlineData(5, "WFH", new[] { 0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11 })]
    public void Golden_table_of_the_plan_contract(int id, string name, int[] source)
    {
        AxisOrder order = new(id);
        Assert.Equal(name, order.ToString());
        Assert.Equal(order, AxisOrder.Parse(name));
        Assert.Equal(source, TokenOrder.ForAxisOrder(new TokenGrid(2, 2, 3), order).TokenAtSlot.ToArray());
    }

    /// <summary>Inverse permutations of axes as the contract lists them: undoing order id means applying the order of these axes.</summary>
    [Theory]
    [InlineData(0, new[] { 0, 1, 2 })]
    [InlineData(1, new[] { 0, 2, 1 })]
    [InlineData(2, new[] { 2, 0, 1 })]
    [InlineData(3, new[] { 1, 0, 2 })]
    [InlineData(4, new[] { 2, 1, 0 })]
    [InlineData(5, new[] { 1, 2, 0 })]
    public void Golden_inverse_axes(int id, int[] inverse)
    {
        AxisOrder order = new(id);
        int[] axes = [(int)order.Outer, (int)order.Middle, (int)order.Inner];
        for (int axis = 0; axis < 3; axis++)
        {
            Assert.Equal(axis, axes[inverse[axis]]);
        }
    }

    [Theory]
    [InlineData(0, TextPlacement.None)]
    [InlineData(226, TextPlacement.Front)]
    [InlineData(7, TextPlacement.Back)]
    public void Permute_then_inverse_is_the_identity_and_text_stays(int text, TextPlacement placement)
    {
        TokenGrid grid = new(5, 9, 10, text, placement);
        float[] rows = [.. Enumerable.Range(0, grid.Tokens * 3).Select(static i => i * 0.5f)];
        foreach (AxisOrder axes in AxisOrder.All)
        {
            TokenOrder order = TokenOrder.ForAxisOrder(grid, axes);
            float[] stored = new float[rows.Length];
            float[] back = new float[rows.Length];
            order.Gather<float>(rows, stored, 3, -1);
            order.Scatter<float>(stored, back, 3);
            Assert.Equal(rows, back);
            Assert.True(order.Then(order.Inverse()).IsIdentity);
            for (int token = grid.TextStart; token < grid.TextStart + text; token++)
            {
                Assert.Equal(token, order.SlotOf(token));
            }
        }
    }
}
