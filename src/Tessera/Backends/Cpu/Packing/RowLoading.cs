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
        bool turns = source.Rotary is { } rotary && rotary.Turns(token);
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
                target = turns && source.Channels % RotaryAxis.BlockChannels != 0
                    ? Copied((float*)row, widened, source.Channels)
                    : (float*)row;
                break;
        }

        if (!turns)
        {
            return target;
        }

        Rotate(source.Rotary!, token, target, destination);
        return destination;
    }

    /// <summary>A copy that may be read in whole registers.</summary>
    private static float* Copied(float* row, float* destination, int count)
    {
        new ReadOnlySpan<float>(row, count).CopyTo(new Span<float>(destination, count));
        return destination;
    }

    /// <summary>bfloat16 to binary32, exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WidenBFloat16(ushort* row, float* destination, int count)
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

    /// <summary>binary16 to binary32, exact.</summary>
    /// <remarks>
    /// Exact for every finite number: 112 is the difference of the exponent biases. A subnormal is read as 2^-14 plus itself, whose
    /// mantissa then stands at its place. Infinities and NaN, recognised by magnitudes from 2^16, get the exponent of their kind.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WidenBinary16(ushort* row, float* destination, int count)
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

    // Blocks of 16 channels whatever the division among axes, without a branch on it: a block of one axis adds a row of zeros. What is
    // stored here is loaded by the next pass register by register, which the processor forwards without waiting.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rotate(RotaryEmbedding rotary, int token, float* source, float* destination)
    {
        if (!rotary.HasSharedBlocksOnly)
        {
            int channels = rotary.Channels;
            rotary.Rotate(token, new ReadOnlySpan<float>(source, channels), new Span<float>(destination, channels));
            return;
        }

        float** rows = stackalloc float*[RotaryEmbedding.MaximumAxes + 1];
        rotary.Locate(token, rows);
        RotaryBlock* block = rotary.Blocks;
        for (int start = 0; start < rotary.Channels; start += RotaryAxis.BlockChannels, block++)
        {
            float* factors = rows[block->Axis] + block->Offset;
            float* others = rows[block->OtherAxis] + block->OtherOffset;
            for (int i = 0; i < RotaryAxis.BlockChannels; i += TIsa.Count)
            {
                TVector row = TIsa.Load(source + start + i);
                TVector cosines = TIsa.Or(TIsa.Load(factors + i), TIsa.Load(others + i));
                TVector sines = TIsa.Or(
                    TIsa.Load(factors + RotaryAxis.BlockChannels + i), TIsa.Load(others + RotaryAxis.BlockChannels + i));
                TVector turned = TIsa.Multiply(TIsa.SwapNeighbours(row), sines);
                TIsa.Store(destination + start + i, TIsa.MultiplyAdd(row, cosines, turned));
            }
        }
    }
}
