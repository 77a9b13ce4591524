using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>
/// The row kernels before the softmax: sums of QK to base-2 scores, and the maxima of rows.
/// <code>
/// integer QK   score = float(sum) * key scale * row scale (+ bias)
/// float QK     score = sum (+ bias); the softmax scale and log2(e) are in Q already
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

    /// <summary>
    /// Prepares a row of sums for the softmax and finds its block maxima in one pass; answers the factor that makes its scores final.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ConvertAndMaxima(in SoftmaxTile tile, int row)
    {
        if (tile.RowScales != null && tile.Bias == null)
        {
            return ScaleByKeysAndMaxima(tile, row);
        }

        if (tile.Bias == null)
        {
            Maxima(tile, row);
            return 1;
        }

        float* maxima = tile.BlockMaxima + (row * tile.MaximaStride);
        for (int block = 0; block < tile.Blocks; block++)
        {
            maxima[block] = TIsa.MaxAcross(ConvertBlock(tile, row, block));
        }

        return 1;
    }

    // The row's own scale is left to the subtraction in the exponent, where it is free; rounding is monotone, so maxima agree.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ScaleByKeysAndMaxima(in SoftmaxTile tile, int row)
    {
        float rowScale = tile.RowScales[row];
        int columns = tile.KeyStride;
        float* scores = tile.Scores + (row * tile.ScoreStride);
        float* maxima = tile.BlockMaxima + (row * tile.MaximaStride);
        for (int block = 0; block < tile.Blocks; block++)
        {
            float* keyScales = tile.KeyScales + ((nint)tile.BlockIndices[block] * columns);
            TVector first = ScaleByKey(scores, keyScales);
            int column = TIsa.Count;
            if (columns == 4 * TIsa.Count)
            {
                TVector second = ScaleByKey(scores + TIsa.Count, keyScales + TIsa.Count);
                TVector third = ScaleByKey(scores + (2 * TIsa.Count), keyScales + (2 * TIsa.Count));
                TVector fourth = ScaleByKey(scores + (3 * TIsa.Count), keyScales + (3 * TIsa.Count));
                first = TIsa.Max(TIsa.Max(first, second), TIsa.Max(third, fourth));
                column = columns;
            }

            for (; column < columns; column += TIsa.Count)
            {
                first = TIsa.Max(first, ScaleByKey(scores + column, keyScales + column));
            }

            maxima[block] = TIsa.MaxAcross(first) * rowScale;
            scores += columns;
        }

        return rowScale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ScaleByKey(float* scores, float* keyScales)
    {
        TVector score = TIsa.Multiply(TIsa.ToFloat(TIsa.Load(scores)), TIsa.Load(keyScales));
        TIsa.Store(scores, score);
        return score;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ConvertBlock(in SoftmaxTile tile, int row, int block)
    {
        float* scores = tile.Scores + (row * tile.ScoreStride) + (block * tile.KeyStride);
        int columns = tile.KeyStride;
        TVector maximum = TIsa.Broadcast(float.NegativeInfinity);
        if (tile.RowScales == null)
        {
            float* bias = tile.Bias + (block * columns);
            for (int column = 0; column < columns; column += TIsa.Count)
            {
                TVector score = TIsa.Add(TIsa.Load(scores + column), TIsa.Load(bias + column));
                TIsa.Store(scores + column, score);
                maximum = TIsa.Max(maximum, score);
            }
        }
        else
        {
            float* keyScales = tile.KeyScales + ((nint)tile.BlockIndices[block] * columns);
            TVector rowScale = TIsa.Broadcast(tile.RowScales[row]);
            if (tile.Bias == null)
            {
                for (int column = 0; column < columns; column += TIsa.Count)
                {
                    TVector scale = TIsa.Multiply(rowScale, TIsa.Load(keyScales + column));
                    TVector score = TIsa.Multiply(TIsa.ToFloat(TIsa.Load(scores + column)), scale);
                    TIsa.Store(scores + column, score);
                    maximum = TIsa.Max(maximum, score);
                }
            }
            else
            {
                float* bias = tile.Bias + (block * columns);
                for (int column = 0; column < columns; column += TIsa.Count)
                {
                    TVector scale = TIsa.Multiply(rowScale, TIsa.Load(keyScales + column));
                    TVector score = TIsa.MultiplyAdd(TIsa.ToFloat(TIsa.Load(scores + column)), scale, TIsa.Load(bias + column));
                    TIsa.Store(scores + column, score);
                    maximum = TIsa.Max(maximum, score);
                }
            }
        }

        return maximum;
    }
}
