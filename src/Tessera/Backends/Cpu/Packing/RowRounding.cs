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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int MagnitudeBits(float* row, int count)
    {
        TVector mask = TIsa.BroadcastInt32(int.MaxValue);
        TVector largest = TIsa.Zero;
        int i = 0;
        for (; i + TIsa.Count <= count; i += TIsa.Count)
        {
            largest = TIsa.MaxInt32(largest, TIsa.And(TIsa.Load(row + i), mask));
        }

        int* lanes = stackalloc int[16];
        TIsa.Store((float*)lanes, largest);
        int bits = 0;
        for (int lane = 0; lane < TIsa.Count; lane++)
        {
            bits = Math.Max(bits, lanes[lane]);
        }

        for (; i < count; i++)
        {
            bits = Math.Max(bits, BitConverter.SingleToInt32Bits(row[i]) & int.MaxValue);
        }

        return bits;
    }

    /// <summary>Raises the magnitudes of columns by those of a row, as integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RaiseColumnMagnitudes(float* row, float* columnBits, int count)
    {
        TVector mask = TIsa.BroadcastInt32(int.MaxValue);
        for (int i = 0; i < count; i += TIsa.Count)
        {
            TIsa.Store(columnBits + i, TIsa.MaxInt32(TIsa.Load(columnBits + i), TIsa.And(TIsa.Load(row + i), mask)));
        }
    }

    /// <summary>destination = value * factor, with no rounding to a format.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    /// <summary>Integer codes of a row plus an offset, as bytes; answers the sum of the codes without the offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Codes(float* row, byte* destination, int count, float inverse, int offset)
    {
        TVector inverses = TIsa.Broadcast(inverse);
        TVector offsets = TIsa.BroadcastInt32(offset);
        TVector sum = TIsa.Zero;
        int i = 0;
        for (; i + TIsa.Count <= count; i += TIsa.Count)
        {
            TVector shifted = TIsa.Add(TIsa.Multiply(TIsa.Load(row + i), inverses), Shift);
            sum = TIsa.Add(sum, TIsa.Subtract(shifted, Shift));
            TIsa.StoreLowBytes(destination + i, TIsa.AddInt32(shifted, offsets));
        }

        int total = (int)TIsa.Sum(sum);
        for (; i < count; i++)
        {
            int code = (int)MathF.Round(row[i] * inverse, MidpointRounding.ToEven);
            total += code;
            destination[i] = (byte)(code + offset);
        }

        return total;
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
