using Tessera.Layout;

namespace Tessera.Quantization;

/// <summary>Number format of Q, K or V with the group that shares a scale.</summary>
/// <param name="Format">Number format; binary32, binary16 and bfloat16 carry no scale.</param>
/// <param name="Granularity">Which elements share a scale.</param>
/// <param name="Group">Slots of a group for <see cref="QuantizationGranularity.PerBlock"/>, <see cref="QuantizationGranularity.PerThread"/>
/// and, when positive, <see cref="QuantizationGranularity.PerChannel"/>.</param>
/// <param name="Tile">Scale tile for <see cref="QuantizationGranularity.PerTile"/>.</param>
public readonly record struct OperandFormat(
    NumberFormat Format, QuantizationGranularity Granularity = QuantizationGranularity.PerToken, int Group = 0, TileShape Tile = default)
{
    /// <summary>Unquantised binary32.</summary>
    public static OperandFormat Float32 => new(NumberFormat.Float32);

    /// <inheritdoc/>
    public override string ToString() => Format.Bits() > 8 ? $"{Format}" : Granularity switch
    {
        QuantizationGranularity.PerTile => $"{Format}/tile-{Tile}",
        QuantizationGranularity.PerBlock or QuantizationGranularity.PerThread => $"{Format}/{Granularity}-{Group}",
        QuantizationGranularity.PerChannel when Group > 0 => $"{Format}/{Granularity}-{Group}",
        _ => $"{Format}/{Granularity}",
    };
}
