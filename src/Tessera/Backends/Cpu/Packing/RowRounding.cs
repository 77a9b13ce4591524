using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>
/// Quantisation of one row of floats. Codes and scales equal those of <see cref="Quantizer"/> bit for bit: one multiplication by the
/// inverse
/// scale, rounded to binary32, then rounding to the format.
/// <code>
/// rows          dense, readable up to the next multiple of 16 elements
/// values        scale * code as a float, for the float product
/// codes         bytes, offset added, for the integer product
/// </code>
/// </summary>
internal static unsafe class RowRounding<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    private static TVector Shift => TIsa.Broadcast(Exponential<TIsa, TVector>.RoundingShift);

    /// <summary>Bits of the largest magnitude of a row; at least those of infinity when a NaN or an infinity is among them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MagnitudeBits(float* row, int count)
    {
        TVector mask = TIsa.BroadcastInt32(int.MaxValue);
        TVector largest = TIsa.Zero;
        int i = 0;
        for (; i + TIsa.Count <= count; i += TIsa.Count)
        {
            largest = TIsa.MaxInt32(largest, TIsa.And(TIsa.Load(row + i), mask));
        }

        int bits = TIsa.MaxAcrossInt32(largest);
        for (; i < count; i++)
        {
            bits = Math.Max(bits, BitConverter.SingleToInt32Bits(row[i]) & int.MaxValue);
        }

        return bits;
    }

    /// <summary>destination = row - mean, and the bits of its largest magnitude. Whole registers only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SubtractAndMeasure(float* row, float* mean, float* destination, int count)
    {
        TVector mask = TIsa.BroadcastInt32(int.MaxValue);
        TVector largest = TIsa.Zero;
        for (int i = 0; i < count; i += TIsa.Count)
        {
            TVector difference = TIsa.Subtract(TIsa.Load(row + i), TIsa.Load(mean + i));
            TIsa.Store(destination + i, difference);
            largest = TIsa.MaxInt32(largest, TIsa.And(difference, mask));
        }

        return TIsa.MaxAcrossInt32(largest);
    }

    /// <summary>Bits of the largest magnitude of each column over some rows; answers the largest of all.</summary>
    /// <param name="rows">Rows, readable in whole registers.</param>
    /// <param name="count">How many.</param>
    /// <param name="columnBits">Receives a magnitude a column.</param>
    /// <param name="columns">Columns; whole registers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int ColumnMagnitudes(float** rows, int count, float* columnBits, int columns)
    {
        TVector mask = TIsa.BroadcastInt32(int.MaxValue);
        TVector all = TIsa.Zero;
        int column = 0;
        for (; column + (4 * TIsa.Count) <= columns; column += 4 * TIsa.Count)
        {
            TVector largest0 = TIsa.Zero;
            TVector largest1 = TIsa.Zero;
            TVector largest2 = TIsa.Zero;
            TVector largest3 = TIsa.Zero;
            for (int i = 0; i < count; i++)
            {
                float* row = rows[i] + column;
                largest0 = TIsa.MaxInt32(largest0, TIsa.And(TIsa.Load(row), mask));
                largest1 = TIsa.MaxInt32(largest1, TIsa.And(TIsa.Load(row + TIsa.Count), mask));
                largest2 = TIsa.MaxInt32(largest2, TIsa.And(TIsa.Load(row + (2 * TIsa.Count)), mask));
                largest3 = TIsa.MaxInt32(largest3, TIsa.And(TIsa.Load(row + (3 * TIsa.Count)), mask));
            }

            TIsa.Store(columnBits + column, largest0);
            TIsa.Store(columnBits + column + TIsa.Count, largest1);
            TIsa.Store(columnBits + column + (2 * TIsa.Count), largest2);
            TIsa.Store(columnBits + column + (3 * TIsa.Count), largest3);
            all = TIsa.MaxInt32(all, TIsa.MaxInt32(TIsa.MaxInt32(largest0, largest1), TIsa.MaxInt32(largest2, largest3)));
        }

        for (; column < columns; column += TIsa.Count)
        {
            TVector largest = TIsa.Zero;
            for (int i = 0; i < count; i++)
            {
                largest = TIsa.MaxInt32(largest, TIsa.And(TIsa.Load(rows[i] + column), mask));
            }

            TIsa.Store(columnBits + column, largest);
            all = TIsa.MaxInt32(all, largest);
        }

        return TIsa.MaxAcrossInt32(all);
    }

    /// <summary>destination = value * factor, with no rounding to a format.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale(float* row, float* destination, int count, float factor)
    {
        for (int i = 0; i < count; i += TIsa.Count)
        {
            TIsa.Store(destination + i, TIsa.Multiply(TIsa.Load(row + i), TIsa.Broadcast(factor)));
        }
    }

    /// <summary>destination = row - mean.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Subtract(float* row, float* mean, float* destination, int count)
    {
        for (int i = 0; i < count; i += TIsa.Count)
        {
            TIsa.Store(destination + i, TIsa.Subtract(TIsa.Load(row + i), TIsa.Load(mean + i)));
        }
    }

    /// <summary>Rounds a row to a format and answers the values that the codes stand for.</summary>
    /// <param name="row">Source.</param>
    /// <param name="destination">Values; may be the source.</param>
    /// <param name="count">Elements.</param>
    /// <param name="format">Any format.</param>
    /// <param name="inverses">Inverse scales, one per element or one for all.</param>
    /// <param name="scales">Scales, likewise.</param>
    /// <param name="perElement">Whether there is one scale per element.</param>
    public static void Values(
        float* row, float* destination, int count, NumberFormat format, float* inverses, float* scales, bool perElement)
    {
        switch (format)
        {
            case NumberFormat.Float32:
                Scale(row, destination, count, 1f);
                break;
            case NumberFormat.Float16:
                Narrow<NarrowBinary16>(row, destination, count);
                break;
            case NumberFormat.BFloat16:
                Narrow<NarrowBFloat16>(row, destination, count);
                break;
            case NumberFormat.Float8E4M3:
                ScaledNarrow<NarrowE4M3>(row, destination, count, inverses, scales, perElement);
                break;
            case NumberFormat.Float8E5M2:
                ScaledNarrow<NarrowE5M2>(row, destination, count, inverses, scales, perElement);
                break;
            default:
                ScaledIntegers(row, destination, count, inverses, scales, perElement);
                break;
        }
    }

    /// <summary>Integer codes of a row of K, as bytes; answers their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int KeyCodes(float* row, byte* destination, int count, float inverse)
    {
        TVector inverses = TIsa.Broadcast(inverse);
        TVector sum = TIsa.Zero;
        int i = 0;
        for (; i + TIsa.Count <= count; i += TIsa.Count)
        {
            TVector shifted = TIsa.Add(TIsa.Multiply(TIsa.Load(row + i), inverses), Shift);
            sum = TIsa.AddInt32(sum, shifted);
            TIsa.StoreLowBytes(destination + i, shifted);
        }

        // Each lane holds the bits of the shift plus its code, so the sum holds that many shifts too many, modulo 2^32.
        int total = unchecked(TIsa.SumInt32(sum) - (i * BitConverter.SingleToInt32Bits(Exponential<TIsa, TVector>.RoundingShift)));
        for (; i < count; i++)
        {
            int code = (int)MathF.Round(row[i] * inverse, MidpointRounding.ToEven);
            total += code;
            destination[i] = (byte)code;
        }

        return total;
    }

    /// <summary>Integer codes of a row of Q plus an offset, as bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void QueryCodes(float* row, byte* destination, int count, float inverse, int offset)
    {
        TVector inverses = TIsa.Broadcast(inverse);
        TVector offsets = TIsa.BroadcastInt32(offset);
        int i = 0;
        for (; i + TIsa.Count <= count; i += TIsa.Count)
        {
            TVector shifted = TIsa.Add(TIsa.Multiply(TIsa.Load(row + i), inverses), Shift);
            TIsa.StoreLowBytes(destination + i, TIsa.AddInt32(shifted, offsets));
        }

        for (; i < count; i++)
        {
            destination[i] = (byte)((int)MathF.Round(row[i] * inverse, MidpointRounding.ToEven) + offset);
        }
    }

    /// <summary>Codes of four rows with a scale per column, interleaved: four bytes of a column in each 32-bit lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector InterleavedCodes(float* row0, float* row1, float* row2, float* row3, TVector inverses)
    {
        TVector low = TIsa.BroadcastInt32(0xFF);
        TVector code0 = TIsa.And(TIsa.Add(TIsa.Multiply(TIsa.Load(row0), inverses), Shift), low);
        TVector code1 = TIsa.And(TIsa.Add(TIsa.Multiply(TIsa.Load(row1), inverses), Shift), low);
        TVector code2 = TIsa.And(TIsa.Add(TIsa.Multiply(TIsa.Load(row2), inverses), Shift), low);
        TVector code3 = TIsa.Add(TIsa.Multiply(TIsa.Load(row3), inverses), Shift);
        TVector lower = TIsa.Or(code0, TIsa.ShiftLeftInt32(code1, 8));
        return TIsa.Or(lower, TIsa.Or(TIsa.ShiftLeftInt32(code2, 16), TIsa.ShiftLeftInt32(code3, 24)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow<TFormat>(float* row, float* destination, int count)
        where TFormat : struct, INarrowFloat
    {
        for (int i = 0; i < count; i += TIsa.Count)
        {
            TIsa.Store(destination + i, MantissaRounding<TIsa, TVector, TFormat>.Round(TIsa.Load(row + i)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaledNarrow<TFormat>(float* row, float* destination, int count, float* inverses, float* scales, bool perElement)
        where TFormat : struct, INarrowFloat
    {
        for (int i = 0; i < count; i += TIsa.Count)
        {
            TVector inverse = perElement ? TIsa.Load(inverses + i) : TIsa.Broadcast(*inverses);
            TVector scale = perElement ? TIsa.Load(scales + i) : TIsa.Broadcast(*scales);
            TVector code = MantissaRounding<TIsa, TVector, TFormat>.Round(TIsa.Multiply(TIsa.Load(row + i), inverse));
            TIsa.Store(destination + i, TIsa.Multiply(code, scale));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaledIntegers(float* row, float* destination, int count, float* inverses, float* scales, bool perElement)
    {
        for (int i = 0; i < count; i += TIsa.Count)
        {
            TVector inverse = perElement ? TIsa.Load(inverses + i) : TIsa.Broadcast(*inverses);
            TVector scale = perElement ? TIsa.Load(scales + i) : TIsa.Broadcast(*scales);
            TVector code = TIsa.Subtract(TIsa.Add(TIsa.Multiply(TIsa.Load(row + i), inverse), Shift), Shift);
            TIsa.Store(destination + i, TIsa.Multiply(code, scale));
        }
    }
}
