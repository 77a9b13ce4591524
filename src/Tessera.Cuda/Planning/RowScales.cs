using Tessera.Quantization;

namespace Tessera.Cuda.Planning;

/// <summary>How the kernels scale Q or K.</summary>
/// <param name="GroupRows">1, 16, 32, 64 or 128 slots share a scale and are met in one pass; 0 when groups come from an
/// earlier pass.</param>
/// <param name="MaximumCode">Largest code.</param>
/// <param name="Granularity">Which elements share a scale.</param>
/// <param name="IsScaled">Whether there are scales at all: not for bfloat16.</param>
internal readonly record struct RowScales(int GroupRows, float MaximumCode, QuantizationGranularity Granularity, bool IsScaled)
{
    /// <summary>Whether the largest magnitudes need a pass of their own.</summary>
    public bool NeedsMaxima => IsScaled && GroupRows == 0;

    /// <summary>Scales of an operand.</summary>
    public static RowScales Of(OperandFormat format)
    {
        bool scaled = format.Format.IsScaled();
        int rows = format switch
        {
            { Granularity: QuantizationGranularity.PerToken } => 1,
            { Granularity: QuantizationGranularity.PerBlock, Group: 16 or 32 or 64 or 128 } => format.Group,
            _ => 0,
        };
        return new RowScales(scaled ? rows : 1, scaled ? format.Format.MaximumCode() : 1, format.Granularity, scaled);
    }

    /// <summary>Whether all 64 slots of a key block share one scale.</summary>
    public static bool IsUniformInBlock(OperandFormat format) => format switch
    {
        { Granularity: QuantizationGranularity.PerTensor or QuantizationGranularity.PerHead } => true,
        { Granularity: QuantizationGranularity.PerBlock } => format.Group % PlannedAttention.KeySlots == 0,
        _ => false,
    };
}
