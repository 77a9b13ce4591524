using Tessera.Attention;

namespace Tessera.Methods.Paro;

/// <summary>The two terms of the paper's metric for one map, over its video-to-video blocks.</summary>
/// <param name="EmptyShare">Ms: share of blocks with at least sigma of their probabilities below epsilon. Higher is sparser.</param>
/// <param name="Incoherence">Mq: mean over blocks of max / mean. Lower is easier to quantise. Blocks that hold no mass at all are left
/// out.</param>
internal readonly record struct BlockMapTerms(double EmptyShare, double Incoherence)
{
    public static BlockMapTerms Of(BlockMapStatistics statistics, BlockLattice lattice, ReadOnlySpan<int> rows, double sigma)
    {
        long blocks = 0;
        long empty = 0;
        long coherent = 0;
        double incoherence = 0;
        foreach (int row in rows)
        {
            for (int column = 0; column < lattice.KeyBlocks; column++)
            {
                double pairs = (double)lattice.RowTokens[row] * lattice.ColumnTokens[column];
                if (pairs == 0 || !lattice.IsVideo(row, column))
                {
                    continue;
                }

                int block = (row * lattice.KeyBlocks) + column;
                blocks++;
                empty += statistics.CountBelow[block] >= sigma * pairs ? 1 : 0;
                double mean = statistics.Sum[block] / pairs;
                if (mean > float.Epsilon)
                {
                    incoherence += statistics.Maximum[block] / mean;
                    coherent++;
                }
            }
        }

        return new(blocks == 0 ? 0 : (double)empty / blocks, coherent == 0 ? 1 : incoherence / coherent);
    }
}
