using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>What packing needs to know of a plan. Immutable; one per compiled kernel.</summary>
internal sealed class PackingPlan
{
    private readonly ScaleGroups?[] _queryGroups;
    private readonly ScaleGroups?[] _keyGroups;
    private readonly ScaleGroups?[] _valueGroups;

    public PackingPlan(
        QuantizationRecipe recipe, IReadOnlyList<TokenOrder> orders, TokenGrid? grid, double scale, CpuLayout layout, int queryOffset)
    {
        Layout = layout;
        Recipe = recipe;
        Orders = orders;
        QueryOffset = queryOffset;
        ScoreFactor = (float)(scale * Math.Log2(Math.E));
        Scale = scale;
        _queryGroups = Groups(
            orders, grid, recipe.Query, layout.QueryScales, AttentionOperand.Query, layout.QuerySlots, layout.DotChannels);
        _keyGroups = Groups(orders, grid, recipe.Key, layout.KeyScales, AttentionOperand.Key, layout.KeySlots, layout.DotChannels);
        _valueGroups = Groups(
            orders, grid, recipe.Value, layout.ValueScales, AttentionOperand.Value, layout.KeySlots, layout.Shape.HeadDim);
    }

    public CpuLayout Layout { get; }

    public QuantizationRecipe Recipe { get; }

    public IReadOnlyList<TokenOrder> Orders { get; }

    /// <summary>Softmax scale in natural units.</summary>
    public double Scale { get; }

    /// <summary>Softmax scale in base-2 units: scale * log2(e).</summary>
    public float ScoreFactor { get; }

    /// <summary>What is added to codes of Q.</summary>
    public int QueryOffset { get; }

    /// <summary>Strips of slots that means are summed over.</summary>
    public int MeanStrips => CeilingDivision.Of(Layout.KeySlots, Jobs.MeanJob.StripSlots);

    public TokenOrder? OrderOf(int head) => Orders.Count switch
    {
        0 => null,
        1 => Orders[0],
        _ => Orders[head],
    };

    /// <summary>Scale groups of Q in a head; null when scales are found while packing.</summary>
    public ScaleGroups? QueryGroups(int head) => Of(_queryGroups, head);

    /// <summary>Scale groups of K in a head; null when scales are found while packing.</summary>
    public ScaleGroups? KeyGroups(int head) => Of(_keyGroups, head);

    /// <summary>Scale groups of V in a head; null when scales are found while packing.</summary>
    public ScaleGroups? ValueGroups(int head) => Of(_valueGroups, head);

    /// <summary>When the scales of an operand are found.</summary>
    public ScaleMode ModeOf(AttentionOperand operand) => operand switch
    {
        AttentionOperand.Query => Layout.QueryScales,
        AttentionOperand.Key => Layout.KeyScales,
        _ => Layout.ValueScales,
    };

    /// <summary>Whether one scale serves all batches and heads of an operand.</summary>
    public bool HasTensorScale(AttentionOperand operand)
    {
        OperandFormat format = operand switch
        {
            AttentionOperand.Query => Recipe.Query,
            AttentionOperand.Key => Recipe.Key,
            _ => Recipe.Value,
        };
        return format.Format.IsScaled() && format.Granularity == QuantizationGranularity.PerTensor;
    }

    /// <summary>Whether any operand has one scale for all batches and heads.</summary>
    public bool HasTensorScales =>
        HasTensorScale(AttentionOperand.Query) || HasTensorScale(AttentionOperand.Key) || HasTensorScale(AttentionOperand.Value);

    /// <summary>Magnitudes that a head keeps for an operand.</summary>
    public long MagnitudeCount(AttentionOperand operand)
    {
        if (HasTensorScale(operand))
        {
            return 0;
        }

        ScaleMode mode = ModeOf(operand);
        ScaleGroups?[] groups = operand switch
        {
            AttentionOperand.Query => _queryGroups,
            AttentionOperand.Key => _keyGroups,
            _ => _valueGroups,
        };
        long largest = 0;
        foreach (ScaleGroups? group in groups)
        {
            largest = Math.Max(largest, group?.SlotGroupCount ?? 0);
        }

        return mode == ScaleMode.ColumnGroups ? largest * Layout.RowChannels : largest;
    }

    private static ScaleGroups? Of(ScaleGroups?[] groups, int head) => groups.Length switch
    {
        0 => null,
        1 => groups[0],
        _ => groups[head],
    };

    private static ScaleGroups?[] Groups(
        IReadOnlyList<TokenOrder> orders, TokenGrid? grid, OperandFormat format, ScaleMode mode, AttentionOperand operand, int slots,
        int channels)
    {
        if (mode is ScaleMode.None or ScaleMode.Row or ScaleMode.SegmentColumns)
        {
            return [];
        }

        ScaleGroups?[] groups = new ScaleGroups?[Math.Max(1, orders.Count)];
        for (int i = 0; i < groups.Length; i++)
        {
            groups[i] = ScaleGroups.Create(format, operand, slots, channels, orders.Count == 0 ? null : orders[i], grid);
        }

        return groups;
    }
}
