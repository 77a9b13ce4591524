using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Neural.Products;

/// <summary>
/// C = A B, or C += A B, on one register tile: the only float32 product of layers and convolutions, in every width.
/// <code>
/// register tile   Rows x Vectors registers of C; 8 x 3 with 32 registers, 6 x 2 with 16, narrower and lower ones for remainders
/// one step        Vectors loads of B, Rows broadcasts of A, Rows * Vectors multiply-adds
/// A               row-major where it lies, row stride a runtime value; a stretch of the inner dimension has an offset of its own
/// B               packed panels, [step][Vectors * Count]
/// accumulators    float32, one chain an element, from zero; added to C at the end, which makes the sum of long rows a blocked one
/// remainder       tiles have exactly the rows they are given; columns that do not exist are zeros of B
/// scalar equal    for r, c: C[r, c] (+)= sum over stretches and k of A[r, offset + k] * B[k, c]
/// </code>
/// </summary>
internal static unsafe class ProductTile<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    /// <summary>Rows of the largest tile.</summary>
    public static int Rows => TIsa.Registers == 32 ? 8 : 6;

    /// <summary>Registers in a row of the widest panel.</summary>
    public static int Vectors => TIsa.Registers == 32 ? 3 : 2;

    /// <summary>Multiplies a few rows with one panel.</summary>
    /// <param name="segments">Stretches of the inner dimension, ascending.</param>
    /// <param name="segmentCount">How many.</param>
    /// <param name="a">First row of A.</param>
    /// <param name="aStride">Floats between rows of A.</param>
    /// <param name="rows">Rows, at most <see cref="Rows"/>.</param>
    /// <param name="c">First row of the panel in C.</param>
    /// <param name="cStride">Floats between rows of C.</param>
    /// <param name="vectors">Registers in a row of the panel.</param>
    /// <param name="adds">Whether C is added to, not overwritten.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(
        ProductSegment* segments, int segmentCount, float* a, nint aStride, int rows, float* c, nint cStride, int vectors, bool adds)
    {
        switch (vectors)
        {
            case 3:
                Multiply<ThreeVectors>(segments, segmentCount, a, aStride, rows, c, cStride, adds);
                break;
            case 2:
                Multiply<TwoVectors>(segments, segmentCount, a, aStride, rows, c, cStride, adds);
                break;
            default:
                Multiply<OneVector>(segments, segmentCount, a, aStride, rows, c, cStride, adds);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<TVectors>(
        ProductSegment* segments, int segmentCount, float* a, nint aStride, int rows, float* c, nint cStride, bool adds)
        where TVectors : struct, IPanelVectors
    {
        if (TIsa.Registers == 32 && rows >= 8)
        {
            Tile<EightRows, TVectors>(segments, segmentCount, a, aStride, c, cStride, adds);
            return;
        }

        if (rows >= 6)
        {
            Tile<SixRows, TVectors>(segments, segmentCount, a, aStride, c, cStride, adds);
            a += 6 * aStride;
            c += 6 * cStride;
            rows -= 6;
        }
        else if (rows >= 4)
        {
            Tile<FourRows, TVectors>(segments, segmentCount, a, aStride, c, cStride, adds);
            a += 4 * aStride;
            c += 4 * cStride;
            rows -= 4;
        }

        if (rows >= 2)
        {
            Tile<TwoRows, TVectors>(segments, segmentCount, a, aStride, c, cStride, adds);
            a += 2 * aStride;
            c += 2 * cStride;
            rows -= 2;
        }

        if (rows > 0)
        {
            Tile<OneRow, TVectors>(segments, segmentCount, a, aStride, c, cStride, adds);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile<TRows, TVectors>(
        ProductSegment* segments, int segmentCount, float* a, nint aStride, float* c, nint cStride, bool adds)
        where TRows : struct, IRowCount
        where TVectors : struct, IPanelVectors
    {
        // nRV: sums of row R, register V.
        TVector n00 = TIsa.Zero, n01 = TIsa.Zero, n02 = TIsa.Zero;
        TVector n10 = TIsa.Zero, n11 = TIsa.Zero, n12 = TIsa.Zero;
        TVector n20 = TIsa.Zero, n21 = TIsa.Zero, n22 = TIsa.Zero;
        TVector n30 = TIsa.Zero, n31 = TIsa.Zero, n32 = TIsa.Zero;
        TVector n40 = TIsa.Zero, n41 = TIsa.Zero, n42 = TIsa.Zero;
        TVector n50 = TIsa.Zero, n51 = TIsa.Zero, n52 = TIsa.Zero;
        TVector n60 = TIsa.Zero, n61 = TIsa.Zero, n62 = TIsa.Zero;
        TVector n70 = TIsa.Zero, n71 = TIsa.Zero, n72 = TIsa.Zero;
        for (int s = 0; s < segmentCount; s++)
        {
            segments[s].Ask();
            float* b = segments[s].B;
            float* a0 = a + segments[s].Offset;
            float* a1 = a0 + (Math.Min(1, TRows.Rows - 1) * aStride);
            float* a2 = a0 + (Math.Min(2, TRows.Rows - 1) * aStride);
            float* a3 = a0 + (Math.Min(3, TRows.Rows - 1) * aStride);
            float* a4 = a0 + (Math.Min(4, TRows.Rows - 1) * aStride);
            float* a5 = a0 + (Math.Min(5, TRows.Rows - 1) * aStride);
            float* a6 = a0 + (Math.Min(6, TRows.Rows - 1) * aStride);
            float* a7 = a0 + (Math.Min(7, TRows.Rows - 1) * aStride);
            nint steps = segments[s].Steps;
            for (nint k = 0; k < steps; k++)
            {
                TVector b0 = TIsa.Load(b);
                TVector b1 = TVectors.Vectors > 1 ? TIsa.Load(b + TIsa.Count) : TIsa.Zero;
                TVector b2 = TVectors.Vectors > 2 ? TIsa.Load(b + (2 * TIsa.Count)) : TIsa.Zero;
                b += TVectors.Vectors * TIsa.Count;
                TVector x0 = TIsa.BroadcastFrom(a0 + k);
                n00 = TIsa.MultiplyAdd(x0, b0, n00);
                n01 = TVectors.Vectors > 1 ? TIsa.MultiplyAdd(x0, b1, n01) : n01;
                n02 = TVectors.Vectors > 2 ? TIsa.MultiplyAdd(x0, b2, n02) : n02;

                if (TRows.Rows > 1)
                {
                    TVector x1 = TIsa.BroadcastFrom(a1 + k);
                    n10 = TIsa.MultiplyAdd(x1, b0, n10);
                    n11 = TVectors.Vectors > 1 ? TIsa.MultiplyAdd(x1, b1, n11) : n11;
                    n12 = TVectors.Vectors > 2 ? TIsa.MultiplyAdd(x1, b2, n12) : n12;
                }

                if (TRows.Rows > 2)
                {
                    TVector x2 = TIsa.BroadcastFrom(a2 + k);
                    n20 = TIsa.MultiplyAdd(x2, b0, n20);
                    n21 = TVectors.Vectors > 1 ? TIsa.MultiplyAdd(x2, b1, n21) : n21;
                    n22 = TVectors.Vectors > 2 ? TIsa.MultiplyAdd(x2, b2, n22) : n22;
                    TVector x3 = TIsa.BroadcastFrom(a3 + k);
                    n30 = TIsa.MultiplyAdd(x3, b0, n30);
                    n31 = TVectors.Vectors > 1 ? TIsa.MultiplyAdd(x3, b1, n31) : n31;
                    n32 = TVectors.Vectors > 2 ? TIsa.MultiplyAdd(x3, b2, n32) : n32;
                }

                if (TRows.Rows > 4)
                {
                    TVector x4 = TIsa.BroadcastFrom(a4 + k);
                    n40 = TIsa.MultiplyAdd(x4, b0, n40);
                    n41 = TVectors.Vectors > 1 ? TIsa.MultiplyAdd(x4, b1, n41) : n41;
                    n42 = TVectors.Vectors > 2 ? TIsa.MultiplyAdd(x4, b2, n42) : n42;
                    TVector x5 = TIsa.BroadcastFrom(a5 + k);
                    n50 = TIsa.MultiplyAdd(x5, b0, n50);
                    n51 = TVectors.Vectors > 1 ? TIsa.MultiplyAdd(x5, b1, n51) : n51;
                    n52 = TVectors.Vectors > 2 ? TIsa.MultiplyAdd(x5, b2, n52) : n52;
                }

                if (TRows.Rows > 6)
                {
                    TVector x6 = TIsa.BroadcastFrom(a6 + k);
                    n60 = TIsa.MultiplyAdd(x6, b0, n60);
                    n61 = TVectors.Vectors > 1 ? TIsa.MultiplyAdd(x6, b1, n61) : n61;
                    n62 = TVectors.Vectors > 2 ? TIsa.MultiplyAdd(x6, b2, n62) : n62;
                    TVector x7 = TIsa.BroadcastFrom(a7 + k);
                    n70 = TIsa.MultiplyAdd(x7, b0, n70);
                    n71 = TVectors.Vectors > 1 ? TIsa.MultiplyAdd(x7, b1, n71) : n71;
                    n72 = TVectors.Vectors > 2 ? TIsa.MultiplyAdd(x7, b2, n72) : n72;
                }
            }
        }

        Put<TVectors>(c, n00, n01, n02, adds);
        if (TRows.Rows > 1)
        {
            Put<TVectors>(c + cStride, n10, n11, n12, adds);
        }

        if (TRows.Rows > 2)
        {
            Put<TVectors>(c + (2 * cStride), n20, n21, n22, adds);
            Put<TVectors>(c + (3 * cStride), n30, n31, n32, adds);
        }

        if (TRows.Rows > 4)
        {
            Put<TVectors>(c + (4 * cStride), n40, n41, n42, adds);
            Put<TVectors>(c + (5 * cStride), n50, n51, n52, adds);
        }

        if (TRows.Rows > 6)
        {
            Put<TVectors>(c + (6 * cStride), n60, n61, n62, adds);
            Put<TVectors>(c + (7 * cStride), n70, n71, n72, adds);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TVectors>(float* c, TVector sum0, TVector sum1, TVector sum2, bool adds)
        where TVectors : struct, IPanelVectors
    {
        TIsa.Store(c, adds ? TIsa.Add(TIsa.Load(c), sum0) : sum0);
        if (TVectors.Vectors > 1)
        {
            TIsa.Store(c + TIsa.Count, adds ? TIsa.Add(TIsa.Load(c + TIsa.Count), sum1) : sum1);
        }

        if (TVectors.Vectors > 2)
        {
            TIsa.Store(c + (2 * TIsa.Count), adds ? TIsa.Add(TIsa.Load(c + (2 * TIsa.Count)), sum2) : sum2);
        }
    }
}
