using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>Sum, maximum and count of one block of a softmax map so far.</summary>
internal struct MapCell
{
    public float Sum;

    public float Maximum;

    public int CountBelow;
}

/// <summary>Statistics of tiles of scores, chosen once per reader.</summary>
internal abstract unsafe class MapRows
{
    /// <summary>Adds the probabilities of each block of a tile to its cell.</summary>
    /// <param name="tile">Final base-2 scores; hidden columns are negative infinity.</param>
    /// <param name="rowSums">Base-2 log-sum-exp of each row; positive infinity leaves a row out.</param>
    /// <param name="epsilon">Threshold of the count. Hidden columns and left-out rows count as below; callers take them off.</param>
    /// <param name="cells">One cell per block of the tile.</param>
    public abstract void Add(in SoftmaxTile tile, float* rowSums, float epsilon, MapCell* cells);
}

/// <summary>
/// p = 2^(score - row sum); per block: sum of p, largest p, number of p below epsilon. Registers run over columns, rows are added one after
/// the other, so results do not depend on threads.
/// </summary>
internal sealed unsafe class MapRows<TIsa, TVector> : MapRows
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Add(in SoftmaxTile tile, float* rowSums, float epsilon, MapCell* cells)
    {
        TVector threshold = TIsa.Broadcast(epsilon);
        TVector one = TIsa.Broadcast(1f);
        for (int block = 0; block < tile.Blocks; block++)
        {
            TVector sum = TIsa.Zero;
            TVector maximum = TIsa.Zero;
            TVector below = TIsa.Zero;
            for (int row = 0; row < tile.Rows; row++)
            {
                float* scores = tile.Scores + (row * tile.ScoreStride) + (block * tile.KeyStride);
                TVector rowSum = TIsa.Broadcast(rowSums[row]);
                for (int column = 0; column < tile.KeyStride; column += TIsa.Count)
                {
                    TVector p = Exponential<TIsa, TVector>.Base2(TIsa.Subtract(TIsa.Load(scores + column), rowSum));
                    sum = TIsa.Add(sum, p);
                    maximum = TIsa.Max(maximum, p);
                    below = TIsa.Add(below, TIsa.SelectLess(p, threshold, one, TIsa.Zero));
                }
            }

            cells[block].Sum += TIsa.Sum(sum);
            cells[block].Maximum = MathF.Max(cells[block].Maximum, TIsa.MaxAcross(maximum));
            cells[block].CountBelow += (int)TIsa.Sum(below);
        }
    }
}
