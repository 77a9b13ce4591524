using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Methods.Sparge;

/// <summary>
/// Blocks of one head's Q or K as SpargeAttention sees them: the mean token of each block, and its self-similarity, the mean of all cosines
/// between its tokens, (sum_ab x_a . x_b) / n^2 over unit vectors x, which equals the squared norm of their mean. Padding does not take
/// part and a zero vector is similar to nothing, so a partial last block is judged by its own tokens.
/// </summary>
internal sealed class PooledBlocks
{
    private readonly float[] _mean;
    private readonly double[] _similarity;
    private readonly int[] _tokens;
    private readonly int _headDim;

    private PooledBlocks(int blocks, int headDim)
    {
        _mean = new float[blocks * headDim];
        _similarity = new double[blocks];
        _tokens = new int[blocks];
        _headDim = headDim;
    }

    /// <summary>Number of blocks.</summary>
    public int Count => _tokens.Length;

    /// <summary>Mean token of a block.</summary>
    public ReadOnlySpan<float> Mean(int block) => _mean.AsSpan(block * _headDim, _headDim);

    /// <summary>Self-similarity of a block, in [0, 1].</summary>
    public double Similarity(int block) => _similarity[block];

    /// <summary>Valid tokens of a block.</summary>
    public int Tokens(int block) => _tokens[block];

    /// <summary>Pools one head.</summary>
    /// <param name="tensor">[B, H, L, D].</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="order">Token order, or null.</param>
    /// <param name="block">Slots per block.</param>
    /// <param name="smooth">Subtract the channel mean over all tokens first.</param>
    public static PooledBlocks Of(in InputTensor tensor, int batch, int head, TokenOrder? order, int block, bool smooth)
    {
        int tokens = tensor.Tokens;
        int headDim = tensor.Channels;
        int slots = order?.Slots ?? tokens;
        PooledBlocks pooled = new(CeilingDivision.Of(slots, block), headDim);
        float[] offset = smooth ? ChannelMean(tensor, batch, head) : new float[headDim];
        Span<float> row = stackalloc float[headDim];
        Span<float> direction = stackalloc float[headDim];
        Span<float> scratch = stackalloc float[headDim];
        for (int index = 0; index < pooled.Count; index++)
        {
            Span<float> mean = pooled._mean.AsSpan(index * headDim, headDim);
            direction.Clear();
            int count = 0;
            for (int slot = index * block; slot < Math.Min(slots, (index + 1) * block); slot++)
            {
                int token = order is null ? slot : order.TokenAt(slot);
                if (token < 0)
                {
                    continue;
                }

                TensorPrimitives.Subtract(tensor.Row(batch, head, token, scratch), offset, row);
                TensorPrimitives.Add(mean, row, mean);
                float square = TensorPrimitives.SumOfSquares(row);
                if (square > 0)
                {
                    TensorPrimitives.MultiplyAdd(row, 1 / MathF.Sqrt(square), direction, direction);
                }

                count++;
            }

            pooled._tokens[index] = count;
            if (count > 0)
            {
                TensorPrimitives.Multiply(mean, 1f / count, mean);
                pooled._similarity[index] = TensorPrimitives.SumOfSquares(direction) / ((double)count * count);
            }
        }

        return pooled;
    }

    private static float[] ChannelMean(in InputTensor tensor, int batch, int head)
    {
        // Sums of 64 rows at a time keep float sums of 100,000 rows accurate without a double pass.
        const int Run = 64;
        int tokens = tensor.Tokens;
        int headDim = tensor.Channels;
        float[] run = new float[headDim];
        float[] scratch = new float[headDim];
        double[] sum = new double[headDim];
        for (int token = 0; token < tokens; token++)
        {
            TensorPrimitives.Add(run, tensor.Row(batch, head, token, scratch), run);
            if ((token + 1) % Run == 0 || token + 1 == tokens)
            {
                for (int d = 0; d < headDim; d++)
                {
                    sum[d] += run[d];
                    run[d] = 0;
                }
            }
        }

        for (int d = 0; d < headDim; d++)
        {
            run[d] = (float)(sum[d] / tokens);
        }

        return run;
    }
}
