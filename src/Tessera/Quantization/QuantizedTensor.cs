using System.Runtime.InteropServices;
using Tessera.Numerics;

namespace Tessera.Quantization;

/// <summary>
/// One head of a quantised operand: codes [slots, channels] in storage order and their scales. An element is worth scale * code; formats
/// without a scale store the value itself. This is what backends are compared with, bit for bit. Made by <see cref="Quantizer"/>.
/// </summary>
public sealed class QuantizedTensor
{
    private readonly byte[] _codes;
    private readonly float[] _scales;

    internal QuantizedTensor(ScaleGroups groups, byte[] codes, float[] scales)
    {
        Groups = groups;
        _codes = codes;
        _scales = scales;
    }

    /// <summary>Which scale belongs to which element; holds the sizes and the format.</summary>
    public ScaleGroups Groups { get; }

    /// <summary>Number format of the codes.</summary>
    public NumberFormat Format => Groups.Format.Format;

    /// <summary>Storage slots, padding included.</summary>
    public int Slots => Groups.Slots;

    /// <summary>Channels of a row.</summary>
    public int Channels => Groups.Channels;

    /// <summary>
    /// Raw codes, row-major: one byte each for integer (signed) and FP8 formats, two for binary16 and bfloat16, four for binary32, in this
    /// machine's byte order. Padding slots hold zeros.
    /// </summary>
    public ReadOnlySpan<byte> Codes => _codes;

    /// <summary>Integer codes, row-major.</summary>
    /// <exception cref="InvalidOperationException">The format is not an integer format.</exception>
    public ReadOnlySpan<sbyte> IntegerCodes =>
        Format.IsInteger()
            ? MemoryMarshal.Cast<byte, sbyte>(_codes)
            : throw new InvalidOperationException(
                $"Codes of {Format} are not integers.");

    /// <summary>Scales, indexed by <see cref="ScaleGroups.IndexOf"/>; empty for formats without scales.</summary>
    public ReadOnlySpan<float> Scales => _scales;

    /// <summary>Bytes of the codes, two 4-bit codes or one code of 5 to 8 bits a byte, with 4 bytes a scale.</summary>
    public long StorageBytes
    {
        get
        {
            int bits = Format.Bits() <= 4 ? 4 : Format.CodeBytes() * 8;
            return (((long)Slots * Channels * bits) + 7) / 8 + (4L * _scales.Length);
        }
    }

    /// <summary>Scale of an element; 1 for formats without scales.</summary>
    public float ScaleAt(int slot, int channel) => _scales.Length == 0 ? 1f : _scales[Groups.IndexOf(slot, channel)];

    /// <summary>Numeric value of a code, before its scale; exact.</summary>
    public float CodeAt(int slot, int channel)
    {
        int index = checked((slot * Channels) + channel);
        return Format switch
        {
            NumberFormat.Float32 => MemoryMarshal.Cast<byte, float>(_codes)[index],
            NumberFormat.Float16 => (float)MemoryMarshal.Cast<byte, Half>(_codes)[index],
            NumberFormat.BFloat16 => (float)MemoryMarshal.Cast<byte, BFloat16>(_codes)[index],
            NumberFormat.Float8E4M3 => Float8E4M3.DecodeTable[_codes[index]],
            NumberFormat.Float8E5M2 => Float8E5M2.DecodeTable[_codes[index]],
            _ => (sbyte)_codes[index],
        };
    }

    /// <summary>Value of an element: scale * code, rounded once to binary32.</summary>
    public float Dequantize(int slot, int channel) => ScaleAt(slot, channel) * CodeAt(slot, channel);

    /// <summary>Values of all elements, row-major, each scale * code rounded once to binary32. Padding rows are 0.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than slots * channels.</exception>
    public void Dequantize(Span<float> destination)
    {
        RequireLength(destination.Length, nameof(destination));
        for (int slot = 0; slot < Slots; slot++)
        {
            for (int channel = 0; channel < Channels; channel++)
            {
                destination[(slot * Channels) + channel] = Dequantize(slot, channel);
            }
        }
    }

    /// <summary>Values of all elements, row-major, each scale * code exact. Padding rows are 0.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than slots * channels.</exception>
    public void Dequantize(Span<double> destination)
    {
        RequireLength(destination.Length, nameof(destination));
        for (int slot = 0; slot < Slots; slot++)
        {
            for (int channel = 0; channel < Channels; channel++)
            {
                destination[(slot * Channels) + channel] = (double)ScaleAt(slot, channel) * CodeAt(slot, channel);
            }
        }
    }

    private void RequireLength(int got, string name)
    {
        if (got < (long)Slots * Channels)
        {
            throw new ArgumentException(
                $"{name} holds {got} elements; {Slots} slots of {Channels} channels need {(long)Slots * Channels}.", name);
        }
    }
}
