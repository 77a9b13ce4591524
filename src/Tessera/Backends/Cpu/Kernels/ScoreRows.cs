using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>
/// The row kernels before the softmax: products of QK to base-2 scores, and the maxima of rows.
/// <code>
/// integer QK   score = product * row scale (+ bias); the product holds the key scale
/// float QK     score = product (+ bias); the softmax scale and log2(e) are in Q already
/// scalar equal one multiplication and one addition per score, one comparison for the maximum
/// </code>
/// </summary>
internal static unsafe class ScoreRows<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    /// <summary>Makes base-2 scores of all rows in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Convert(in SoftmaxTile tile)
    {
        if (tile.RowScales == null && tile.Bias == null)
        {
            return;
        }

        for (int row = 0; row < tile.Rows; row++)
        {
            for (int block = 0; block < tile.Blocks; block++)
            {
                ConvertBlock(tile, row, block);
            }
        }
    }

    /// <summary>Finds the block maxima of a row whose scores are final.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Maxima(in SoftmaxTile tile, int row)
    {
        float* maxima = tile.BlockMaxima + (row * tile.MaximaStride);
        for (int block = 0; block < tile.Blocks; block++)
        {
            float* scores = tile.Scores + (row * tile.ScoreStride) + (block * tile.KeyStride);
            TVector maximum = TIsa.Load(scores);
            int columns = tile.KeyStride;
            for (int column = TIsa.Count; column < columns; column += TIsa.Count)
            {
                maximum = TIsa.Max(maximum, TIsa.Load(scores + column));
            }

            maxima[block] = TIsa.MaxAcross(maximum);
        }
    }

    /// <summary>Finds the block maxima of a row of products; answers the factor that makes its scores final.</summary>
    /// <remarks>
    /// A row's own scale is left to the subtraction in the exponent, where it costs nothing; rounding is monotone, so maxima agree.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FinishMaxima(in SoftmaxTile tile, int row)
    {
        float* maxima = tile.BlockMaxima + (row * tile.MaximaStride);
        if (tile.Bias != null)
        {
            for (int block = 0; block < tile.Blocks; block++)
            {
                maxima[block] = TIsa.MaxAcross(ConvertBlock(tile, row, block));
            }

            return 1;
        }

        float factor = tile.RowScales == null ? 1 : tile.RowScales[row];
        float* partial = tile.PartialMaxima + (row * TIsa.Count);
        for (int block = 0; block < tile.Blocks; block++)
        {
            maxima[block] = TIsa.MaxAcross(TIsa.Load(partial + (block * tile.PartialStride))) * factor;
        }

        return factor;
    }

    /// <summary>Products to base-2 scores; answers the lanes' maxima.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ConvertBlock(in SoftmaxTile tile, int row, int block)
    {
        float* scores = tile.Scores + (row * tile.ScoreStride) + (block * tile.KeyStride);
        int columns = tile.KeyStride;
        TVector maximum = TIsa.Broadcast(float.NegativeInfinity);
        TVector factor = TIsa.Broadcast(tile.RowScales == null ? 1 : tile.RowScales[row]);
        float* bias = tile.Bias + (block * columns);
        for (int column = 0; column < columns; column += TIsa.Count)
        {
            TVector score = TIsa.Load(scores + column);
            score = tile.Bias == null ? TIsa.Multiply(score, factor) : TIsa.MultiplyAdd(score, factor, TIsa.Load(bias + column));
            TIsa.Store(scores + column, score);
            maximum = TIsa.Max(maximum, score);
        }

        return maximum;
    }
}
