using System.Numerics.Tensors;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Media.Reports;

/// <summary>
/// Pictures of softmax maps without the maps: R evenly spaced query rows against all keys, pooled to at most <see cref="MaximumSide"/>
/// bins. Takes R x N x D multiplications and N doubles of memory.
/// </summary>
public static class MapSampler
{
    /// <summary>Most rows and most bins of a sample.</summary>
    public const int MaximumSide = 256;

    /// <summary>Samples the map P = softmax(scale Q K^T) of one head in a token order.</summary>
    /// <param name="query">N x D queries of the head, row-major, in natural token order.</param>
    /// <param name="key">N x D keys of the head, in natural token order.</param>
    /// <param name="headDim">D.</param>
    /// <param name="order">Order of rows and columns; null for natural order.</param>
    /// <param name="rows">Query rows, at least 1; cut to the number of tokens and to <see cref="MaximumSide"/>.</param>
    /// <param name="columns">Key bins, at least 1; cut likewise.</param>
    /// <param name="scale">Softmax scale; null means 1 / sqrt(D).</param>
    /// <param name="cancellationToken">Polled once a row.</param>
    /// <exception cref="ArgumentException">The spans do not hold whole rows of D, or the order has another number of tokens.</exception>
    public static SampledMap Sample(
        ReadOnlySpan<float> query, ReadOnlySpan<float> key, int headDim, TokenOrder? order = null, int rows = 192, int columns = 192,
        double? scale = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        if (query.IsEmpty || query.Length % headDim != 0 || key.Length != query.Length)
        {
            throw new ArgumentException(
                $"query holds {query.Length} and key {key.Length} values; wanted the same number of whole rows of {headDim}.",
                nameof(query));
        }

        int tokens = query.Length / headDim;
        order ??= TokenOrder.Identity(tokens);
        if (order.Tokens != tokens)
        {
            throw new ArgumentException($"order {order} does not fit {tokens} tokens.", nameof(order));
        }

        int[] slots = SpreadSlots(order, Math.Min(rows, MaximumSide));
        SampledMap map = new(order.Name, slots, order.Slots, Math.Min(Math.Min(columns, MaximumSide), order.Slots));
        double factor = scale ?? (1 / Math.Sqrt(headDim));
        double[] row = new double[tokens];
        int[] binOf = BinOfToken(order, map);
        for (int r = 0; r < slots.Length; r++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<float> q = query.Slice(order.TokenAt(slots[r]) * headDim, headDim);
            Softmax(q, key, factor, row);
            Span<float> target = map.Mass.AsSpan(r * map.Columns, map.Columns);
            for (int token = 0; token < tokens; token++)
            {
                target[binOf[token]] += (float)row[token];
            }
        }

        return map;
    }

    /// <summary>
    /// Share of each sampled cell's key slots that a mask keeps, row-major [Rows, Columns] like <see cref="SampledMap.Mass"/>; partial
    /// blocks count as kept.
    /// </summary>
    /// <param name="map">The sample.</param>
    /// <param name="mask">Mask in the same token order.</param>
    /// <param name="head">Head of the mask.</param>
    /// <exception cref="ArgumentException">The mask covers another number of key slots.</exception>
    public static float[] SampleMask(SampledMap map, BlockMask mask, int head)
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(mask);
        if (mask.KeySlots != map.KeySlots)
        {
            throw new ArgumentException($"the mask covers {mask.KeySlots} key slots, the sample {map.KeySlots}.", nameof(mask));
        }

        float[] kept = new float[map.Rows * map.Columns];
        for (int r = 0; r < map.Rows; r++)
        {
            int queryBlock = map.QuerySlots[r] / mask.Size.Query;
            for (int b = 0; b < map.Columns; b++)
            {
                int start = map.BinStart(b);
                int end = map.BinStart(b + 1);
                int covered = 0;
                for (int block = start / mask.Size.Key; block * mask.Size.Key < end; block++)
                {
                    int overlap = Math.Min(end, (block + 1) * mask.Size.Key) - Math.Max(start, block * mask.Size.Key);
                    covered += mask.Coverage(head, queryBlock, block) == BlockCoverage.Empty ? 0 : overlap;
                }

                kept[(r * map.Columns) + b] = (float)covered / (end - start);
            }
        }

        return kept;
    }

    private static int[] SpreadSlots(TokenOrder order, int rows)
    {
        int[] valid = [.. Enumerable.Range(0, order.Slots).Where(slot => order.TokenAt(slot) != TokenOrder.Padding)];
        int count = Math.Min(rows, valid.Length);
        return [.. Enumerable.Range(0, count).Select(i => valid[(int)((((2L * i) + 1) * valid.Length) / (2L * count))])];
    }

    private static int[] BinOfToken(TokenOrder order, SampledMap map)
    {
        int[] bins = new int[order.Tokens];
        for (int bin = 0; bin < map.Columns; bin++)
        {
            for (int slot = map.BinStart(bin); slot < map.BinStart(bin + 1); slot++)
            {
                if (order.TokenAt(slot) is int token and not TokenOrder.Padding)
                {
                    bins[token] = bin;
                }
            }
        }

        return bins;
    }

    private static void Softmax(ReadOnlySpan<float> query, ReadOnlySpan<float> key, double scale, Span<double> row)
    {
        double maximum = double.NegativeInfinity;
        for (int j = 0; j < row.Length; j++)
        {
            row[j] = scale * TensorPrimitives.Dot(query, key.Slice(j * query.Length, query.Length));
            maximum = Math.Max(maximum, row[j]);
        }

        double sum = 0;
        for (int j = 0; j < row.Length; j++)
        {
            row[j] = Math.Exp(row[j] - maximum);
            sum += row[j];
        }

        for (int j = 0; j < row.Length; j++)
        {
            row[j] /= sum;
        }
    }
}
