using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Neural.Products;

/// <summary>
/// The last step of a product: <c>y = epilogue(sum + bias)</c> for a block of finished sums.
/// <code>
/// lanes           columns of one row
/// remainder       columns that do not fill a register pass through a buffer of one, so nothing beyond a row is touched
/// scalar equal    for r, c: y[r, c] = finish(sums[r, c] + bias[c], gate[c], residual[r, c])
/// </code>
/// </summary>
internal static unsafe class ProductFinish<TIsa, TVector, TEpilogue>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TEpilogue : struct, IEpilogue, allows ref struct
{
    /// <summary>Finishes a block.</summary>
    /// <param name="sums">Its first sum.</param>
    /// <param name="sumStride">Floats between rows of sums.</param>
    /// <param name="rows">Rows of the block.</param>
    /// <param name="columns">Columns of the block.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="row">Row of the output where the block begins.</param>
    /// <param name="column">Column of the output where it begins.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Block(float* sums, nint sumStride, int rows, int columns, in ProductOutput target, long row, int column)
    {
        nint start = (nint)(row * target.Stride) + column;
        float* output = target.Output + start;
        float* residual = TEpilogue.HasResidual ? target.Residual + start : null;
        float* bias = target.Bias is null ? null : target.Bias + column;
        float* gate = TEpilogue.HasGate ? target.Gate + column : null;
        for (int r = 0; r < rows; r++)
        {
            int c = 0;
            for (; c + TIsa.Count <= columns; c += TIsa.Count)
            {
                TVector sum = TIsa.Load(sums + c);
                if (bias is not null)
                {
                    sum = TIsa.Add(sum, TIsa.Load(bias + c));
                }

                TVector g = TEpilogue.HasGate ? TIsa.Load(gate + c) : TIsa.Zero;
                TVector x = TEpilogue.HasResidual ? TIsa.Load(residual + c) : TIsa.Zero;
                TIsa.Store(output + c, TEpilogue.Finish<TIsa, TVector>(sum, g, x));
            }

            if (c < columns)
            {
                Remainder(
                    sums + c, columns - c, bias is null ? null : bias + c, gate + c, residual + c,
                    output + c);
            }

            sums += sumStride;
            output += target.Stride;
            residual += TEpilogue.HasResidual ? target.Stride : 0;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Remainder(float* sums, int count, float* bias, float* gate, float* residual, float* output)
    {
        float* lanes = stackalloc float[3 * 16];
        for (int i = 0; i < count; i++)
        {
            lanes[i] = bias is null ? sums[i] : sums[i] + bias[i];
            lanes[16 + i] = TEpilogue.HasGate ? gate[i] : 0;
            lanes[32 + i] = TEpilogue.HasResidual ? residual[i] : 0;
        }

        TIsa.Store(lanes, TEpilogue.Finish<TIsa, TVector>(TIsa.Load(lanes), TIsa.Load(lanes + 16), TIsa.Load(lanes + 32)));
        new ReadOnlySpan<float>(lanes, count).CopyTo(new Span<float>(output, count));
    }
}
