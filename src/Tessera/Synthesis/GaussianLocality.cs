using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Synthesis;

/// <summary>
/// An analytic softmax map over a video grid: P of a pair at offsets (df, dh, dw) is proportional to the product of exp(-d^2 / (2 sigma^2))
/// over the local axes and uniform over the spread ones, with rows summing to one. Block statistics need no Q and K, which makes it the
/// cleanest test of how token orders and metrics behave.
/// </summary>
public sealed class GaussianLocality
{
    private readonly double[][] _axisProbability;

    /// <summary>Makes a map.</summary>
    /// <param name="grid">A grid without text.</param>
    /// <param name="sigma">Standard deviation along local axes, in tokens.</param>
    /// <param name="spread">Axes along which the map is uniform; none for an isotropic map.</param>
    /// <exception cref="ArgumentException">The grid has text, or sigma is not positive.</exception>
    public GaussianLocality(TokenGrid grid, double sigma, params ReadOnlySpan<GridAxis> spread)
    {
        if (grid.TextTokens > 0)
        {
            throw new ArgumentException($"Grid {grid} has text; the analytic maps are over video tokens only.", nameof(grid));
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sigma);
        Grid = grid;
        Sigma = sigma;
        _axisProbability = new double[3][];
        for (int axis = 0; axis < 3; axis++)
        {
            _axisProbability[axis] = Axis(grid.Extent((GridAxis)axis), spread.Contains((GridAxis)axis) ? double.PositiveInfinity : sigma);
        }
    }

    /// <summary>The grid.</summary>
    public TokenGrid Grid { get; }

    /// <summary>Standard deviation along local axes, in tokens.</summary>
    public double Sigma { get; }

    /// <summary>P of one pair of natural tokens.</summary>
    public double Probability(int query, int key)
    {
        (int frame, int row, int column) = Grid.CoordinatesOf(query);
        (int keyFrame, int keyRow, int keyColumn) = Grid.CoordinatesOf(key);
        return _axisProbability[0][(frame * Grid.Frames) + keyFrame]
            * _axisProbability[1][(row * Grid.Height) + keyRow]
            * _axisProbability[2][(column * Grid.Width) + keyColumn];
    }

    /// <summary>
    /// Sum, maximum and count below <paramref name="epsilon"/> of each block of the map in an order, as
    /// <see cref="IAttentionMapReader.ReadBlocks"/> gives them.
    /// </summary>
    /// <param name="order">Order of queries and keys.</param>
    /// <param name="epsilon">Threshold of the count.</param>
    /// <param name="destination">Overwritten; sized for the order's slots.</param>
    public void ReadBlocks(TokenOrder order, double epsilon, BlockMapStatistics destination)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(destination);
        double[] sums = new double[destination.Sum.Length];
        Array.Clear(destination.Maximum);
        Array.Clear(destination.CountBelow);
        for (int querySlot = 0; querySlot < order.Slots; querySlot++)
        {
            int query = order.TokenAt(querySlot);
            for (int keySlot = 0; query >= 0 && keySlot < order.Slots; keySlot++)
            {
                int key = order.TokenAt(keySlot);
                if (key < 0)
                {
                    continue;
                }

                int block = (querySlot / destination.Size.Query * destination.KeyBlocks) + (keySlot / destination.Size.Key);
                double probability = Probability(query, key);
                sums[block] += probability;
                destination.Maximum[block] = Math.Max(destination.Maximum[block], (float)probability);
                destination.CountBelow[block] += probability < epsilon ? 1 : 0;
            }
        }

        for (int block = 0; block < sums.Length; block++)
        {
            destination.Sum[block] = (float)sums[block];
        }
    }

    /// <summary>[extent x extent] conditional probabilities along one axis; they multiply because the kernel is separable.</summary>
    private static double[] Axis(int extent, double sigma)
    {
        double[] probability = new double[extent * extent];
        for (int query = 0; query < extent; query++)
        {
            Span<double> row = probability.AsSpan(query * extent, extent);
            double sum = 0;
            for (int key = 0; key < extent; key++)
            {
                double distance = query - key;
                row[key] = double.IsPositiveInfinity(sigma) ? 1 : Math.Exp(-distance * distance / (2 * sigma * sigma));
                sum += row[key];
            }

            for (int key = 0; key < extent; key++)
            {
                row[key] /= sum;
            }
        }

        return probability;
    }
}
