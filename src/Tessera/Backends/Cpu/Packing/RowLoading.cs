using System.Runtime.CompilerServices;
using Tessera.Attention;
using Tessera.Backends.Cpu.Isa;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>
/// Makes a binary32 row of one that lies in memory otherwise: widened, turned, in scratch that stays in the first-level cache until the row
/// is packed.
/// </summary>
internal static unsafe class RowLoading<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    /// <summary>Widens and turns a row.</summary>
    /// <param name="source">Its tensor.</param>
    /// <param name="row">The row in memory.</param>
    /// <param name="token">Its natural token.</param>
    /// <param name="destination">Scratch for the result.</param>
    /// <param name="widened">Scratch for a widened row that is yet to be turned.</param>
    /// <returns><paramref name="destination"/>, or the row itself when there is nothing to do to it.</returns>
    public static float* Convert(in RowSource source, byte* row, int token, float* destination, float* widened)
    {
        bool turns = source.Rotary is { } rotary && rotary.PositionsOf(token)[0] >= 0;
        float* target = turns ? widened : destination;
        switch (source.Format)
        {
            case NumberFormat.BFloat16:
                WidenBFloat16((ushort*)row, target, source.Channels);
                break;
            case NumberFormat.Float16:
                WidenBinary16((ushort*)row, target, source.Channels);
                break;
            default:
                target = (float*)row;
                break;
        }

        if (!turns)
        {
            return target;
        }

        Rotate(source.Rotary!, token, target, destination);
        return destination;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenBFloat16(ushort* row, float* destination, int count)
    {
        int i = 0;
        for (; i + TIsa.Count <= count; i += TIsa.Count)
        {
            TIsa.Store(destination + i, TIsa.ShiftLeftInt32(TIsa.LoadShorts(row + i), 16));
        }

        for (; i < count; i++)
        {
            destination[i] = BitConverter.Int32BitsToSingle(row[i] << 16);
        }
    }

    // Exact for every finite number: 112 is the difference of the exponent biases. A subnormal is read as 2^-14 plus itself, whose
    // mantissa then stands at its place. Infinities and NaN, recognised by magnitudes from 2^16, get the exponent of their kind.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenBinary16(ushort* row, float* destination, int count)
    {
        const int ExponentOffset = 112 << 23;
        const int SmallestNormal = 113 << 23;
        TVector magnitudeBits = TIsa.BroadcastInt32(0x7FFF);
        TVector signBit = TIsa.BroadcastInt32(0x8000);
        TVector smallest = TIsa.BroadcastInt32(SmallestNormal);
        TVector infinity = TIsa.BroadcastInt32(0x7F800000);
        int i = 0;
        for (; i + TIsa.Count <= count; i += TIsa.Count)
        {
            TVector halves = TIsa.LoadShorts(row + i);
            TVector bits = TIsa.ShiftLeftInt32(TIsa.And(halves, magnitudeBits), 13);
            TVector normal = TIsa.AddInt32(bits, TIsa.BroadcastInt32(ExponentOffset));
            TVector subnormal = TIsa.Subtract(TIsa.AddInt32(bits, smallest), smallest);
            TVector finite = TIsa.SelectLess(normal, smallest, subnormal, normal);
            TVector magnitude = TIsa.SelectLess(normal, TIsa.Broadcast(65536f), finite, TIsa.Or(bits, infinity));
            TIsa.Store(destination + i, TIsa.Or(magnitude, TIsa.ShiftLeftInt32(TIsa.And(halves, signBit), 16)));
        }

        for (; i < count; i++)
        {
            destination[i] = (float)BitConverter.UInt16BitsToHalf(row[i]);
        }
    }

    // The last register of an axis ends where the axis ends and may overlap the one before: source and destination differ, so computing an
    // element twice does no harm, and nothing outside the row is touched.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rotate(RotaryEmbedding rotary, int token, float* source, float* destination)
    {
        int* positions = rotary.PositionsOf(token);
        foreach (ref readonly RotaryAxis axis in rotary.Axes)
        {
            float* cosines = rotary.FactorsOf(axis, *positions++);
            float* sines = cosines + axis.Channels;
            float* from = source + axis.First;
            float* to = destination + axis.First;
            int last = axis.Channels - TIsa.Count;
            if (last >= 0)
            {
                for (int i = 0; i < last; i += TIsa.Count)
                {
                    RotateRegister(from + i, cosines + i, sines + i, to + i);
                }

                RotateRegister(from + last, cosines + last, sines + last, to + last);
                continue;
            }

            for (int i = 0; i < axis.Channels; i += 2)
            {
                to[i] = (from[i] * cosines[i]) + (from[i + 1] * sines[i]);
                to[i + 1] = (from[i + 1] * cosines[i + 1]) + (from[i] * sines[i + 1]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RotateRegister(float* source, float* cosines, float* sines, float* destination)
    {
        TVector row = TIsa.Load(source);
        TVector turned = TIsa.Multiply(TIsa.SwapNeighbours(row), TIsa.Load(sines));
        TIsa.Store(destination, TIsa.MultiplyAdd(row, TIsa.Load(cosines), turned));
    }
}
