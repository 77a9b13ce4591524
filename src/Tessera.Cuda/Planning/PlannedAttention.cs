using Tessera.Cuda.Launch;
using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Cuda.Planning;

/// <summary>What a plan becomes on a device: the kernel of attention, how operands are scaled, sizes of what they are stored in.</summary>
internal sealed record PlannedAttention
{
    /// <summary>Slots of a key block of every kernel.</summary>
    public const int KeySlots = KernelCatalogue.KeySlots;

    /// <summary>The instantiation that attends.</summary>
    public required AttendInstance Attend { get; init; }

    /// <summary>Scales of Q.</summary>
    public required RowScales Query { get; init; }

    /// <summary>Scales of K.</summary>
    public required RowScales Key { get; init; }

    /// <summary>Slots that share a scale of V and channel, a multiple of 64; 0 when all do.</summary>
    public required int ValueGroupSlots { get; init; }

    /// <summary>Largest code of V.</summary>
    public required float ValueMaximumCode { get; init; }

    /// <summary>Code of a probability of 1.</summary>
    public required float CodeOfOne { get; init; }

    /// <summary>Whether P is taken against the row maximum of the tile.</summary>
    public required bool UsesTileReference { get; init; }

    /// <summary>Query slots, padding of the order included.</summary>
    public required int QuerySlots { get; init; }

    /// <summary>Key slots, padding of the order included.</summary>
    public required int KeySlotCount { get; init; }

    /// <summary>Heads that one launch of the passes before attention takes, which have them along the second axis of the grid.</summary>
    public int HeadsOfALaunch { get; init; } = LaunchShape.MaximumGridYZ;

    /// <summary>Query slots as stored.</summary>
    public int QueryPaddedSlots => CeilingDivision.Of(QuerySlots, KernelCatalogue.RowSlots) * KernelCatalogue.RowSlots;

    /// <summary>Key slots as stored.</summary>
    public int KeyPaddedSlots => CeilingDivision.Of(KeySlotCount, KernelCatalogue.RowSlots) * KernelCatalogue.RowSlots;

    /// <summary>Key blocks of the kernels.</summary>
    public int KeyBlocks => CeilingDivision.Of(KeySlotCount, KeySlots);

    /// <summary>Query tiles of a head.</summary>
    public int QueryTiles => CeilingDivision.Of(QuerySlots, Attend.Rows);

    /// <summary>Groups of value scales of a head.</summary>
    public int ValueGroups => ValueGroupSlots == 0 ? 1 : CeilingDivision.Of(KeySlotCount, ValueGroupSlots);

    /// <summary>Whether V's maxima need a pass of their own; groups of 64 slots are met while quantising.</summary>
    public bool ValueNeedsMaxima => Attend.Values.IsScaled() && ValueGroupSlots != KeySlots;

    /// <summary>Kernel that quantises Q and K.</summary>
    public string QuantizeRows => Quantizer("quantize_rows", Attend.Operands);

    /// <summary>Kernel that quantises V.</summary>
    public string QuantizeValues => Quantizer("quantize_values", Attend.Values);

    /// <summary>Kernel that finds the largest magnitudes of groups of Q or K.</summary>
    public string GroupMaxima => $"group_maxima_d{Attend.Channels}";

    /// <summary>Kernel that finds the largest magnitudes of groups of V.</summary>
    public string ValueMaxima => $"value_maxima_d{Attend.Channels}";

    /// <summary>Kernel that sums channels of K.</summary>
    public string ChannelSums => $"channel_sums_d{Attend.Channels}";

    /// <summary>Kernel that divides the sums.</summary>
    public const string ChannelMeans = "channel_means";

    /// <summary>Every kernel that a run starts.</summary>
    public IReadOnlyList<string> Kernels(bool smoothsKey)
    {
        List<string> kernels = [Attend.Name, QuantizeRows, QuantizeValues];
        if (smoothsKey)
        {
            kernels.AddRange([ChannelSums, ChannelMeans]);
        }

        if (Query.NeedsMaxima || Key.NeedsMaxima)
        {
            kernels.Add(GroupMaxima);
        }

        if (ValueNeedsMaxima)
        {
            kernels.Add(ValueMaxima);
        }

        return kernels;
    }

    private string Quantizer(string name, NumberFormat codes) => codes switch
    {
        NumberFormat.BFloat16 => $"{name}_bf16_d{Attend.Channels}",
        NumberFormat.Float16 => $"{name}_f16_d{Attend.Channels}",
        NumberFormat.Float8E4M3 => $"sm89_{name}_e4m3_d{Attend.Channels}",
        _ => $"{name}_int8_d{Attend.Channels}",
    };
}
