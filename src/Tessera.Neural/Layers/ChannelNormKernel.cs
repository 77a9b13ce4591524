using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Neural.Layers;

/// <summary>
/// The loop of <see cref="ChannelRmsNorm"/>: y = x * (1 / max(|x|, 1e-12)) * f with f = sqrt(C) gamma, then y / (1 + 2^(-y log2 e)).
/// </summary>
/// <remarks>
/// Channels lie across lanes. The sum of squares has four accumulators of a register each, added pairwise, then across lanes. Channels
/// left over fill a register with zeros, so that they take the same path. Reciprocal and root are single numbers of correct rounding.
/// </remarks>
internal static unsafe class ChannelNormKernel
{
    /// <summary>Floats to which factors are padded: the widest register.</summary>
    public const int Padding = 16;

    private const float SmallestLength = 1e-12f;
    private const float Log2E = 1.44269504f;

    // 2^x stays finite below 128; beyond this the sigmoid is 0 for all that float32 can tell of its product with y.
    private const float LargestExponent = 126f;

    /// <summary>Normalises consecutive rows, whose output may be their input.</summary>
    public static void Rows<TIsa, TVector>(float* x, float* y, float* factors, int rows, int width, bool isActivated)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        int whole = width / TIsa.Count * TIsa.Count;
        int rest = width - whole;
        float* padded = stackalloc float[Padding];
        float* result = stackalloc float[Padding];
        new Span<float>(padded, Padding).Clear();
        for (int row = 0; row < rows; row++, x += width, y += width)
        {
            if (rest > 0)
            {
                Unsafe.CopyBlockUnaligned(padded, x + whole, (uint)(rest * sizeof(float)));
            }

            float length = MathF.Sqrt(SumOfSquares<TIsa, TVector>(x, whole, padded, rest));
            TVector scale = TIsa.Broadcast(1 / MathF.Max(length, SmallestLength));
            for (int i = 0; i < whole; i += TIsa.Count)
            {
                TIsa.Store(y + i, One<TIsa, TVector>(TIsa.Load(x + i), scale, TIsa.Load(factors + i), isActivated));
            }

            if (rest > 0)
            {
                TIsa.Store(result, One<TIsa, TVector>(TIsa.Load(padded), scale, TIsa.Load(factors + whole), isActivated));
                Unsafe.CopyBlockUnaligned(y + whole, result, (uint)(rest * sizeof(float)));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SumOfSquares<TIsa, TVector>(float* x, int whole, float* padded, int rest)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        TVector a = TIsa.Zero, b = TIsa.Zero, c = TIsa.Zero, d = TIsa.Zero;
        int i = 0;
        for (; i <= whole - (4 * TIsa.Count); i += 4 * TIsa.Count)
        {
            TVector first = TIsa.Load(x + i);
            TVector second = TIsa.Load(x + i + TIsa.Count);
            TVector third = TIsa.Load(x + i + (2 * TIsa.Count));
            TVector fourth = TIsa.Load(x + i + (3 * TIsa.Count));
            a = TIsa.MultiplyAdd(first, first, a);
            b = TIsa.MultiplyAdd(second, second, b);
            c = TIsa.MultiplyAdd(third, third, c);
            d = TIsa.MultiplyAdd(fourth, fourth, d);
        }

        for (; i < whole; i += TIsa.Count)
        {
            TVector one = TIsa.Load(x + i);
            a = TIsa.MultiplyAdd(one, one, a);
        }

        if (rest > 0)
        {
            TVector last = TIsa.Load(padded);
            b = TIsa.MultiplyAdd(last, last, b);
        }

        return TIsa.Sum(TIsa.Add(TIsa.Add(a, b), TIsa.Add(c, d)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector One<TIsa, TVector>(TVector x, TVector scale, TVector factor, bool isActivated)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        TVector y = TIsa.Multiply(TIsa.Multiply(x, scale), factor);
        if (!isActivated)
        {
            return y;
        }

        TVector exponent = TIsa.Min(TIsa.Multiply(y, TIsa.Broadcast(-Log2E)), TIsa.Broadcast(LargestExponent));
        return TIsa.Divide(y, TIsa.Add(TIsa.Broadcast(1f), Exponential<TIsa, TVector>.Base2(exponent)));
    }
}
