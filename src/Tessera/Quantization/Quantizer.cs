using System.Runtime.InteropServices;
using Tessera.Layout;
using Tessera.Numerics;

namespace Tessera.Quantization;

/// <summary>
/// The plain quantiser, one element after the other: the specification that every backend's quantiser equals bit for bit.
/// </summary>
/// <remarks>
/// Per scale group, in binary32 and in this order: <c>amax = max |x|</c> over the valid elements, <c>scale = amax / M</c> and
/// <c>inverse = M / amax</c> with M the largest code (127, 63, 7, 448 or 57344). Per element: <c>code = round(x * inverse)</c>, to nearest
/// with ties to even and clamped to -M..M for integers, encoded as FP8 otherwise. A group of zeros has scale 1 and codes 0. An amax below
/// <see cref="SmallestMaximum"/> counts as that, so that scale and inverse stay normal numbers: such a group loses at most
/// SmallestMaximum / 2M an element, and FP8 codes of it may fall among the subnormals. At the other end, the scale of an amax within one
/// part
/// in 2^23 of float.MaxValue may round up so that scale * M overflows in binary32; it does not in binary64.
/// binary16 and bfloat16 store the rounded value, binary32 the value itself.
/// </remarks>
public static class Quantizer
{
    /// <summary>Smallest absolute maximum that a scale is made for: 2^-100.</summary>
    public const float SmallestMaximum = 7.888609e-31f;

    /// <summary>Quantises one head.</summary>
    /// <param name="values">[slots, channels], row-major, in storage order; padding rows may hold anything.</param>
    /// <param name="groups">Format and group map, from <see cref="ScaleGroups.Create"/>.</param>
    /// <param name="tensorMaximum">
    /// Largest |x| over all batches and heads for <see cref="QuantizationGranularity.PerTensor"/>, from <see cref="AbsoluteMaximum"/>; 0
    /// takes
    /// that of this head. Other granularities ignore it.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The length does not fit, or a valid element cannot be represented: NaN in an integer format, an infinity in a scaled format, a
    /// magnitude of 65520 or more (which rounds to infinity) in binary16. The message names the element. FP8 keeps NaN as NaN.
    /// </exception>
    public static QuantizedTensor Quantize(ReadOnlySpan<float> values, ScaleGroups groups, float tensorMaximum = 0)
    {
        ArgumentNullException.ThrowIfNull(groups);
        RequireLength(values, groups);
        RequireRepresentable(values, groups);
        byte[] codes = new byte[checked((long)groups.Slots * groups.Channels * groups.Format.Format.CodeBytes())];
        if (!groups.Format.Format.IsScaled())
        {
            EncodeUnscaled(values, groups, codes);
            return new QuantizedTensor(groups, codes, []);
        }

        float[] maxima = new float[groups.Count];
        CollectMaxima(values, groups, maxima);
        if (groups.Format.Granularity == QuantizationGranularity.PerTensor && tensorMaximum > 0)
        {
            maxima[0] = tensorMaximum;
        }

        float[] scales = new float[groups.Count];
        float[] inverses = new float[groups.Count];
        for (int group = 0; group < scales.Length; group++)
        {
            (scales[group], inverses[group]) = ScaleOf(maxima[group], groups.Format.Format);
        }

        EncodeScaled(values, groups, inverses, codes);
        return new QuantizedTensor(groups, codes, scales);
    }

    /// <summary>Quantises one head; makes the group map on the way.</summary>
    /// <param name="values">[slots, channels], row-major, in storage order; padding rows may hold anything.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="format">Number format and granularity.</param>
    /// <param name="operand">Queries, keys or values.</param>
    /// <param name="order">Token order of the head; null for natural order without padding.</param>
    /// <param name="grid">Token grid; needed for scales per 3D tile only.</param>
    /// <exception cref="ArgumentException">As the other overload, or the format does not fit the sizes.</exception>
    public static QuantizedTensor Quantize(
        ReadOnlySpan<float> values, int channels, OperandFormat format, AttentionOperand operand, TokenOrder? order = null,
        TokenGrid? grid = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        return Quantize(values, ScaleGroups.Create(format, operand, values.Length / channels, channels, order, grid));
    }

    /// <summary>Largest |x| over the valid slots of one head, NaN aside; 0 when there is none.</summary>
    /// <param name="values">[slots, channels], row-major, in storage order.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="order">Token order of the head; null for natural order without padding.</param>
    public static float AbsoluteMaximum(ReadOnlySpan<float> values, int channels, TokenOrder? order = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        float maximum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            float magnitude = MathF.Abs(values[i]);
            if (magnitude > maximum && (order is null || order.TokenAt(i / channels) != TokenOrder.Padding))
            {
                maximum = magnitude;
            }
        }

        return maximum;
    }

    /// <summary>Scale and inverse scale of a group.</summary>
    /// <param name="maximum">Largest |x| of the group; finite and not negative.</param>
    /// <param name="format">A scaled format.</param>
    public static (float Scale, float Inverse) ScaleOf(float maximum, NumberFormat format)
    {
        float code = format.MaximumCode();
        if (maximum == 0)
        {
            return (1f, 1f);
        }

        float floored = MathF.Max(maximum, SmallestMaximum);
        return (floored / code, code / floored);
    }

    /// <summary>Integer code of a value: x * inverse, rounded to nearest with ties to even, clamped to the codes of the format.</summary>
    /// <param name="value">Not NaN.</param>
    /// <param name="inverse">Inverse scale of its group.</param>
    /// <param name="format">Int8, Int7 or Int4.</param>
    public static sbyte IntegerCode(float value, float inverse, NumberFormat format)
    {
        float limit = format.MaximumCode();
        return (sbyte)Math.Clamp(MathF.Round(value * inverse, MidpointRounding.ToEven), -limit, limit);
    }

    private static void CollectMaxima(ReadOnlySpan<float> values, ScaleGroups groups, Span<float> maxima)
    {
        for (int slot = 0; slot < groups.Slots; slot++)
        {
            if (!groups.IsValid(slot))
            {
                continue;
            }

            for (int channel = 0; channel < groups.Channels; channel++)
            {
                float magnitude = MathF.Abs(values[(slot * groups.Channels) + channel]);
                ref float maximum = ref maxima[groups.IndexOf(slot, channel)];
                maximum = magnitude > maximum ? magnitude : maximum;
            }
        }
    }

    private static void EncodeScaled(ReadOnlySpan<float> values, ScaleGroups groups, ReadOnlySpan<float> inverses, Span<byte> codes)
    {
        for (int slot = 0; slot < groups.Slots; slot++)
        {
            if (!groups.IsValid(slot))
            {
                continue;
            }

            for (int channel = 0; channel < groups.Channels; channel++)
            {
                int index = (slot * groups.Channels) + channel;
                float inverse = inverses[groups.IndexOf(slot, channel)];
                codes[index] = groups.Format.Format switch
                {
                    NumberFormat.Float8E4M3 => ((Float8E4M3)(values[index] * inverse)).Bits,
                    NumberFormat.Float8E5M2 => ((Float8E5M2)(values[index] * inverse)).Bits,
                    NumberFormat format => (byte)IntegerCode(values[index], inverse, format),
                };
            }
        }
    }

    private static void EncodeUnscaled(ReadOnlySpan<float> values, ScaleGroups groups, Span<byte> codes)
    {
        int bytes = groups.Format.Format.CodeBytes() * groups.Channels;
        for (int slot = 0; slot < groups.Slots; slot++)
        {
            if (!groups.IsValid(slot))
            {
                continue;
            }

            ReadOnlySpan<float> row = values.Slice(slot * groups.Channels, groups.Channels);
            Span<byte> stored = codes.Slice(slot * bytes, bytes);
            switch (groups.Format.Format)
            {
                case NumberFormat.Float16:
                    System.Numerics.Tensors.TensorPrimitives.ConvertToHalf(row, MemoryMarshal.Cast<byte, Half>(stored));
                    break;
                case NumberFormat.BFloat16:
                    BFloat16.ConvertFromSingle(row, MemoryMarshal.Cast<byte, BFloat16>(stored));
                    break;
                default:
                    MemoryMarshal.AsBytes(row).CopyTo(stored);
                    break;
            }
        }
    }

    private static void RequireLength(ReadOnlySpan<float> values, ScaleGroups groups)
    {
        if (values.Length != (long)groups.Slots * groups.Channels)
        {
            throw new ArgumentException(
                $"values holds {values.Length} elements; "
                    + $"{groups.Slots} slots of {groups.Channels} channels need {(long)groups.Slots * groups.Channels}.",
                nameof(values));
        }
    }

    private static void RequireRepresentable(ReadOnlySpan<float> values, ScaleGroups groups)
    {
        NumberFormat format = groups.Format.Format;
        if (format is NumberFormat.Float32 or NumberFormat.BFloat16)
        {
            return;
        }

        float limit = format == NumberFormat.Float16 ? 65520f : float.PositiveInfinity;
        for (int i = 0; i < values.Length; i++)
        {
            bool refused = MathF.Abs(values[i]) >= limit || (float.IsNaN(values[i]) && format.IsInteger());
            if (refused && groups.IsValid(i / groups.Channels))
            {
                throw new ArgumentException(
                    $"values[{i / groups.Channels}, {i % groups.Channels}] is {values[i]}, which {format} cannot hold; "
                        + "clean or clamp the tensor first.",
                    nameof(values));
            }
        }
    }
}
