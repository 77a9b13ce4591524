using System.Runtime.CompilerServices;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>Where the scale of a row comes from.</summary>
internal readonly unsafe ref struct OperandScales
{
    private readonly ReadOnlySpan<int> _groups;
    private readonly int* _magnitudes;
    private readonly int _rowChannels;
    private readonly bool _isScaled;
    private readonly float _maximumCode;

    public OperandScales(PackingPlan plan, in PackedHead head, AttentionOperand operand)
    {
        CpuLayout layout = plan.Layout;
        ScaleGroups? groups;
        switch (operand)
        {
            case AttentionOperand.Query:
                (Format, Mode, groups) = (plan.Recipe.Query.Format, layout.QueryScales, plan.QueryGroups(head.Head));
                _magnitudes = head.QueryMagnitudes;
                break;
            case AttentionOperand.Key:
                (Format, Mode, groups) = (plan.Recipe.Key.Format, layout.KeyScales, plan.KeyGroups(head.Head));
                _magnitudes = head.KeyMagnitudes;
                break;
            default:
                (Format, Mode, groups) = (plan.Recipe.Value.Format, layout.ValueScales, plan.ValueGroups(head.Head));
                _magnitudes = head.ValueMagnitudes;
                break;
        }

        _groups = groups is null ? default : groups.SlotGroups;
        _rowChannels = layout.RowChannels;
        _isScaled = Format.IsScaled();
        _maximumCode = _isScaled ? Format.MaximumCode() : 1;
    }

    public NumberFormat Format { get; }

    public ScaleMode Mode { get; }

    /// <summary>Scale group of a slot.</summary>
    public int GroupOf(int slot) => _groups[slot];

    /// <summary>Largest code of the format.</summary>
    public float MaximumCode => _maximumCode;

    /// <summary>Largest magnitude that the scale of a row is made from: its own, or that of its group.</summary>
    public int MagnitudeOf(int slot, int ownBits) => Mode == ScaleMode.RowGroups ? _magnitudes[_groups[slot]] : ownBits;

    /// <summary>Where the largest magnitude of a group lies; scales per row.</summary>
    public ref int Group(int group) => ref _magnitudes[group];

    /// <summary>Largest magnitudes of the columns of a group; scales per channel.</summary>
    public int* Columns(int group) => _magnitudes + ((nint)group * _rowChannels);

    /// <summary>Scale and inverse of a magnitude; 1 and 1 for formats without scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (float Scale, float Inverse) ScaleOf(int magnitudeBits)
    {
        if (!_isScaled || magnitudeBits == 0)
        {
            return (1f, 1f);
        }

        // Quantizer.ScaleOf, with the limits of the format at hand.
        float magnitude = BitConverter.Int32BitsToSingle(magnitudeBits);
        float floored = magnitude < Quantizer.SmallestMaximum ? Quantizer.SmallestMaximum : magnitude;
        return (floored / _maximumCode, _maximumCode / floored);
    }
}
