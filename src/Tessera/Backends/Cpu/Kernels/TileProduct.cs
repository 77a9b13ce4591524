using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>
/// C = A B on one column panel, the only matrix product of the backend: QK and PV, float and integer, every width.
/// <code>
/// register tile   Rows x 2 registers of C; Rows 8 with 32 registers, 6 with 16, and 4 and 2 for the remainder
/// one step        2 loads of B, Rows broadcasts of 32 bits of A, 2 * Rows products
/// A               row-major, row stride a runtime value: Q rows (floats or codes) or P rows
/// B               packed panels, [step][2 * Count] lanes of 32 bits: one float, or four bytes along the inner dimension
/// accumulators    float; int32 for integers; int16 widened every WidenEvery steps for 4-bit B
/// QK              C = sums, and row maxima on the way; integer sums start at the per-key correction of the unsigned offset of Q and end
///                 as floats times the key scales
/// PV              float: C += sums. Integer: C += float(sums) * column scale * row factor after each segment
/// scalar equal    for r, c: C[r, c] (+)= sum over k of A[r, k] * B[k, c]
/// </code>
/// </summary>
internal static unsafe class TileProduct<TIsa, TVector, TProduct, TTarget>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TProduct : struct, IProduct<TVector>
    where TTarget : struct, ITileTarget
{
    /// <summary>Columns of a panel.</summary>
    public static int PanelWidth => 2 * TIsa.Count;

    private static bool IsWide => TProduct.WidenEvery == 0;

    // Widened products hold two accumulators per element, so eight rows would spill even with 32 registers.
    private static bool EightRowsFit => TIsa.Registers == 32 && TProduct.WidenEvery == 0;

    /// <summary>Multiplies all rows of A with one panel.</summary>
    /// <param name="segments">Stretches of the inner dimension, ascending.</param>
    /// <param name="segmentCount">How many.</param>
    /// <param name="a">First row of A, in 32-bit elements.</param>
    /// <param name="aStride">32-bit elements between rows of A.</param>
    /// <param name="rows">Rows; the row after an odd last one must be readable and writable.</param>
    /// <param name="c">First row of the panel in C.</param>
    /// <param name="cStride">Elements between rows of C.</param>
    /// <param name="columns">QK only: what the panel's columns bring along and where the maxima of rows go; null for float products
    /// whose maxima nobody needs.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panel(
        TileSegment* segments, int segmentCount, float* a, nint aStride, int rows, float* c, nint cStride, ScoreColumns* columns)
    {
        int row = 0;
        if (EightRowsFit)
        {
            for (; row + 8 <= rows; row += 8)
            {
                Tile<EightRows>(segments, segmentCount, a + (row * aStride), aStride, row, c + (row * cStride), cStride, columns);
            }
        }

        for (; row + 6 <= rows; row += 6)
        {
            Tile<SixRows>(segments, segmentCount, a + (row * aStride), aStride, row, c + (row * cStride), cStride, columns);
        }

        if (row + 4 <= rows)
        {
            Tile<FourRows>(segments, segmentCount, a + (row * aStride), aStride, row, c + (row * cStride), cStride, columns);
            row += 4;
        }

        for (; row < rows; row += 2)
        {
            Tile<TwoRows>(segments, segmentCount, a + (row * aStride), aStride, row, c + (row * cStride), cStride, columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile<TRows>(
        TileSegment* segments, int segmentCount, float* a, nint aStride, int row, float* c, nint cStride, ScoreColumns* columns)
        where TRows : struct, IRowCount
    {
        // nRH: sums of row R, half H of the panel; wRH: their widened totals (dead code unless sums are narrow).
        TVector n00 = TIsa.Zero, n01 = TIsa.Zero, w00 = TIsa.Zero, w01 = TIsa.Zero;
        TVector n10 = TIsa.Zero, n11 = TIsa.Zero, w10 = TIsa.Zero, w11 = TIsa.Zero;
        TVector n20 = TIsa.Zero, n21 = TIsa.Zero, w20 = TIsa.Zero, w21 = TIsa.Zero;
        TVector n30 = TIsa.Zero, n31 = TIsa.Zero, w30 = TIsa.Zero, w31 = TIsa.Zero;
        TVector n40 = TIsa.Zero, n41 = TIsa.Zero, w40 = TIsa.Zero, w41 = TIsa.Zero;
        TVector n50 = TIsa.Zero, n51 = TIsa.Zero, w50 = TIsa.Zero, w51 = TIsa.Zero;
        TVector n60 = TIsa.Zero, n61 = TIsa.Zero, w60 = TIsa.Zero, w61 = TIsa.Zero;
        TVector n70 = TIsa.Zero, n71 = TIsa.Zero, w70 = TIsa.Zero, w71 = TIsa.Zero;
        if (TTarget.IsOutput && !TProduct.IsInteger)
        {
            n00 = TIsa.Load(c + (0 * cStride));
            n01 = TIsa.Load(c + (0 * cStride) + TIsa.Count);
            n10 = TIsa.Load(c + (1 * cStride));
            n11 = TIsa.Load(c + (1 * cStride) + TIsa.Count);

            if (TRows.Rows > 2)
            {
                n20 = TIsa.Load(c + (2 * cStride));
                n21 = TIsa.Load(c + (2 * cStride) + TIsa.Count);
                n30 = TIsa.Load(c + (3 * cStride));
                n31 = TIsa.Load(c + (3 * cStride) + TIsa.Count);
            }

            if (TRows.Rows > 4)
            {
                n40 = TIsa.Load(c + (4 * cStride));
                n41 = TIsa.Load(c + (4 * cStride) + TIsa.Count);
                n50 = TIsa.Load(c + (5 * cStride));
                n51 = TIsa.Load(c + (5 * cStride) + TIsa.Count);
            }

            if (TRows.Rows > 6)
            {
                n60 = TIsa.Load(c + (6 * cStride));
                n61 = TIsa.Load(c + (6 * cStride) + TIsa.Count);
                n70 = TIsa.Load(c + (7 * cStride));
                n71 = TIsa.Load(c + (7 * cStride) + TIsa.Count);
            }
        }
        else if (!TTarget.IsOutput && TProduct.IsInteger)
        {
            TVector start0 = TIsa.Load(columns->Corrections);
            TVector start1 = TIsa.Load(columns->Corrections + TIsa.Count);
            if (TProduct.WidenEvery == 0)
            {
                n00 = start0;
                n01 = start1;
                n10 = start0;
                n11 = start1;
                n20 = start0;
                n21 = start1;
                n30 = start0;
                n31 = start1;
                n40 = start0;
                n41 = start1;
                n50 = start0;
                n51 = start1;
                n60 = start0;
                n61 = start1;
                n70 = start0;
                n71 = start1;
            }
            else
            {
                w00 = start0;
                w01 = start1;
                w10 = start0;
                w11 = start1;
                w20 = start0;
                w21 = start1;
                w30 = start0;
                w31 = start1;
                w40 = start0;
                w41 = start1;
                w50 = start0;
                w51 = start1;
                w60 = start0;
                w61 = start1;
                w70 = start0;
                w71 = start1;
            }
        }

        for (int s = 0; s < segmentCount; s++)
        {
            float* b = segments[s].B;
            float* a0 = a + segments[s].Column;
            float* a1 = a + segments[s].Column + aStride;
            float* a2 = a + segments[s].Column + (Math.Min(2, TRows.Rows - 1) * aStride);
            float* a3 = a + segments[s].Column + (Math.Min(3, TRows.Rows - 1) * aStride);
            float* a4 = a + segments[s].Column + (Math.Min(4, TRows.Rows - 1) * aStride);
            float* a5 = a + segments[s].Column + (Math.Min(5, TRows.Rows - 1) * aStride);
            float* a6 = a + segments[s].Column + (Math.Min(6, TRows.Rows - 1) * aStride);
            float* a7 = a + segments[s].Column + (Math.Min(7, TRows.Rows - 1) * aStride);
            int steps = segments[s].Steps;
            int k = 0;
            while (k < steps)
            {
                int end = TProduct.WidenEvery == 0 ? steps : Math.Min(steps, k + TProduct.WidenEvery);
                for (; k < end; k++)
                {
                    TVector b0 = TIsa.Load(b);
                    TVector b1 = TIsa.Load(b + TIsa.Count);
                    b += 2 * TIsa.Count;
                    TVector x0 = TIsa.BroadcastFrom(a0 + k);
                    n00 = TProduct.Accumulate(n00, x0, b0);
                    n01 = TProduct.Accumulate(n01, x0, b1);
                    TVector x1 = TIsa.BroadcastFrom(a1 + k);
                    n10 = TProduct.Accumulate(n10, x1, b0);
                    n11 = TProduct.Accumulate(n11, x1, b1);

                    if (TRows.Rows > 2)
                    {
                        TVector x2 = TIsa.BroadcastFrom(a2 + k);
                        n20 = TProduct.Accumulate(n20, x2, b0);
                        n21 = TProduct.Accumulate(n21, x2, b1);
                        TVector x3 = TIsa.BroadcastFrom(a3 + k);
                        n30 = TProduct.Accumulate(n30, x3, b0);
                        n31 = TProduct.Accumulate(n31, x3, b1);
                    }

                    if (TRows.Rows > 4)
                    {
                        TVector x4 = TIsa.BroadcastFrom(a4 + k);
                        n40 = TProduct.Accumulate(n40, x4, b0);
                        n41 = TProduct.Accumulate(n41, x4, b1);
                        TVector x5 = TIsa.BroadcastFrom(a5 + k);
                        n50 = TProduct.Accumulate(n50, x5, b0);
                        n51 = TProduct.Accumulate(n51, x5, b1);
                    }

                    if (TRows.Rows > 6)
                    {
                        TVector x6 = TIsa.BroadcastFrom(a6 + k);
                        n60 = TProduct.Accumulate(n60, x6, b0);
                        n61 = TProduct.Accumulate(n61, x6, b1);
                        TVector x7 = TIsa.BroadcastFrom(a7 + k);
                        n70 = TProduct.Accumulate(n70, x7, b0);
                        n71 = TProduct.Accumulate(n71, x7, b1);
                    }
                }

                if (TProduct.WidenEvery != 0)
                {
                    w00 = TIsa.AddInt32(w00, TProduct.Widen(n00));
                    w01 = TIsa.AddInt32(w01, TProduct.Widen(n01));
                    n00 = TIsa.Zero;
                    n01 = TIsa.Zero;
                    w10 = TIsa.AddInt32(w10, TProduct.Widen(n10));
                    w11 = TIsa.AddInt32(w11, TProduct.Widen(n11));
                    n10 = TIsa.Zero;
                    n11 = TIsa.Zero;

                    if (TRows.Rows > 2)
                    {
                        w20 = TIsa.AddInt32(w20, TProduct.Widen(n20));
                        w21 = TIsa.AddInt32(w21, TProduct.Widen(n21));
                        n20 = TIsa.Zero;
                        n21 = TIsa.Zero;
                        w30 = TIsa.AddInt32(w30, TProduct.Widen(n30));
                        w31 = TIsa.AddInt32(w31, TProduct.Widen(n31));
                        n30 = TIsa.Zero;
                        n31 = TIsa.Zero;
                    }

                    if (TRows.Rows > 4)
                    {
                        w40 = TIsa.AddInt32(w40, TProduct.Widen(n40));
                        w41 = TIsa.AddInt32(w41, TProduct.Widen(n41));
                        n40 = TIsa.Zero;
                        n41 = TIsa.Zero;
                        w50 = TIsa.AddInt32(w50, TProduct.Widen(n50));
                        w51 = TIsa.AddInt32(w51, TProduct.Widen(n51));
                        n50 = TIsa.Zero;
                        n51 = TIsa.Zero;
                    }

                    if (TRows.Rows > 6)
                    {
                        w60 = TIsa.AddInt32(w60, TProduct.Widen(n60));
                        w61 = TIsa.AddInt32(w61, TProduct.Widen(n61));
                        n60 = TIsa.Zero;
                        n61 = TIsa.Zero;
                        w70 = TIsa.AddInt32(w70, TProduct.Widen(n70));
                        w71 = TIsa.AddInt32(w71, TProduct.Widen(n71));
                        n70 = TIsa.Zero;
                        n71 = TIsa.Zero;
                    }
                }
            }

            if (TTarget.IsOutput && TProduct.IsInteger)
            {
                TVector scale0 = TIsa.Load(segments[s].ColumnScales);
                TVector scale1 = TIsa.Load(segments[s].ColumnScales + TIsa.Count);
                float* factors = segments[s].RowFactors + row;
                Add(c + (0 * cStride), IsWide ? n00 : w00, scale0, factors + 0);
                Add(c + (0 * cStride) + TIsa.Count, IsWide ? n01 : w01, scale1, factors + 0);
                n00 = TIsa.Zero;
                n01 = TIsa.Zero;
                w00 = TIsa.Zero;
                w01 = TIsa.Zero;
                Add(c + (1 * cStride), IsWide ? n10 : w10, scale0, factors + 1);
                Add(c + (1 * cStride) + TIsa.Count, IsWide ? n11 : w11, scale1, factors + 1);
                n10 = TIsa.Zero;
                n11 = TIsa.Zero;
                w10 = TIsa.Zero;
                w11 = TIsa.Zero;

                if (TRows.Rows > 2)
                {
                    Add(c + (2 * cStride), IsWide ? n20 : w20, scale0, factors + 2);
                    Add(c + (2 * cStride) + TIsa.Count, IsWide ? n21 : w21, scale1, factors + 2);
                    n20 = TIsa.Zero;
                    n21 = TIsa.Zero;
                    w20 = TIsa.Zero;
                    w21 = TIsa.Zero;
                    Add(c + (3 * cStride), IsWide ? n30 : w30, scale0, factors + 3);
                    Add(c + (3 * cStride) + TIsa.Count, IsWide ? n31 : w31, scale1, factors + 3);
                    n30 = TIsa.Zero;
                    n31 = TIsa.Zero;
                    w30 = TIsa.Zero;
                    w31 = TIsa.Zero;
                }

                if (TRows.Rows > 4)
                {
                    Add(c + (4 * cStride), IsWide ? n40 : w40, scale0, factors + 4);
                    Add(c + (4 * cStride) + TIsa.Count, IsWide ? n41 : w41, scale1, factors + 4);
                    n40 = TIsa.Zero;
                    n41 = TIsa.Zero;
                    w40 = TIsa.Zero;
                    w41 = TIsa.Zero;
                    Add(c + (5 * cStride), IsWide ? n50 : w50, scale0, factors + 5);
                    Add(c + (5 * cStride) + TIsa.Count, IsWide ? n51 : w51, scale1, factors + 5);
                    n50 = TIsa.Zero;
                    n51 = TIsa.Zero;
                    w50 = TIsa.Zero;
                    w51 = TIsa.Zero;
                }

                if (TRows.Rows > 6)
                {
                    Add(c + (6 * cStride), IsWide ? n60 : w60, scale0, factors + 6);
                    Add(c + (6 * cStride) + TIsa.Count, IsWide ? n61 : w61, scale1, factors + 6);
                    n60 = TIsa.Zero;
                    n61 = TIsa.Zero;
                    w60 = TIsa.Zero;
                    w61 = TIsa.Zero;
                    Add(c + (7 * cStride), IsWide ? n70 : w70, scale0, factors + 7);
                    Add(c + (7 * cStride) + TIsa.Count, IsWide ? n71 : w71, scale1, factors + 7);
                    n70 = TIsa.Zero;
                    n71 = TIsa.Zero;
                    w70 = TIsa.Zero;
                    w71 = TIsa.Zero;
                }
            }
        }

        if (!(TTarget.IsOutput && TProduct.IsInteger))
        {
            Finish(c + (0 * cStride), IsWide ? n00 : w00, IsWide ? n01 : w01, columns, row + 0);
            Finish(c + (1 * cStride), IsWide ? n10 : w10, IsWide ? n11 : w11, columns, row + 1);

            if (TRows.Rows > 2)
            {
                Finish(c + (2 * cStride), IsWide ? n20 : w20, IsWide ? n21 : w21, columns, row + 2);
                Finish(c + (3 * cStride), IsWide ? n30 : w30, IsWide ? n31 : w31, columns, row + 3);
            }

            if (TRows.Rows > 4)
            {
                Finish(c + (4 * cStride), IsWide ? n40 : w40, IsWide ? n41 : w41, columns, row + 4);
                Finish(c + (5 * cStride), IsWide ? n50 : w50, IsWide ? n51 : w51, columns, row + 5);
            }

            if (TRows.Rows > 6)
            {
                Finish(c + (6 * cStride), IsWide ? n60 : w60, IsWide ? n61 : w61, columns, row + 6);
                Finish(c + (7 * cStride), IsWide ? n70 : w70, IsWide ? n71 : w71, columns, row + 7);
            }
        }
    }

    /// <summary>C = sums. QK: as floats times the key scales, and the row's maxima grow with them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* c, TVector sums0, TVector sums1, ScoreColumns* columns, int row)
    {
        if (TProduct.IsInteger)
        {
            sums0 = TIsa.Multiply(TIsa.ToFloat(sums0), TIsa.Load(columns->Scales));
            sums1 = TIsa.Multiply(TIsa.ToFloat(sums1), TIsa.Load(columns->Scales + TIsa.Count));
        }

        TIsa.Store(c, sums0);
        TIsa.Store(c + TIsa.Count, sums1);
        if (TTarget.IsOutput || columns == null)
        {
            return;
        }

        float* maxima = columns->Maxima + (row * columns->MaximaStride);
        TVector larger = TIsa.Max(sums0, sums1);
        TIsa.Store(maxima, columns->IsFirst ? larger : TIsa.Max(larger, TIsa.Load(maxima)));
    }

    /// <summary>C += float(sums) * column scale * row factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* c, TVector sums, TVector columnScale, float* rowFactor) =>
        TIsa.Store(c, TIsa.MultiplyAdd(TIsa.Multiply(TIsa.ToFloat(sums), columnScale), TIsa.BroadcastFrom(rowFactor), TIsa.Load(c)));
}
