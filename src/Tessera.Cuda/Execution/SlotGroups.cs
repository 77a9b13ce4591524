using Tessera.Attention;
using Tessera.Cuda.Planning;
using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Cuda.Execution;

/// <summary>Scale groups of Q or K that need a pass of their own.</summary>
/// <param name="Map">Group of each slot, [orders, slots]; empty when a head is one group.</param>
/// <param name="Count">Magnitudes of all heads.</param>
/// <param name="Stride">Magnitudes of a head; 0 when all heads share one.</param>
internal readonly record struct SlotGroups(int[] Map, int Count, int Stride)
{
    /// <summary>Groups of an operand.</summary>
    public static SlotGroups Of(AttentionPlan plan, OperandFormat format, RowScales scales, AttentionOperand operand, int slots)
    {
        int heads = plan.Shape.Batch * plan.Shape.Heads;
        if (!scales.NeedsMaxima)
        {
            return new SlotGroups([], 0, 0);
        }

        if (scales.Granularity == QuantizationGranularity.PerTensor)
        {
            return new SlotGroups([], 1, 0);
        }

        if (scales.Granularity == QuantizationGranularity.PerHead)
        {
            return new SlotGroups([], heads, 1);
        }

        List<int> map = [];
        int stride = 0;
        for (int i = 0; i < Math.Max(1, plan.Orders.Count); i++)
        {
            TokenOrder? order = plan.Orders.Count == 0 ? null : plan.Orders[i];
            ScaleGroups groups = ScaleGroups.Create(format, operand, slots, plan.Shape.HeadDim, order, plan.Grid);
            map.AddRange(groups.SlotGroups);
            stride = Math.Max(stride, groups.SlotGroupCount);
        }

        return new SlotGroups([.. map], checked(heads * stride), stride);
    }
}
