using System.Buffers;
using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Methods.Sparge;

/// <summary>
/// Blocks of Q or K of all heads as SpargeAttention sees them: the mean token of each block, and its self-similarity, the mean of all
/// cosines between its tokens, (sum_ab x_a . x_b) / n^2 over unit vectors x, which equals the squared norm of their mean. Padding does not
/// take part and a zero vector is similar to nothing, so a partial last block is judged by its own tokens.
/// </summary>
/// <remarks>
/// One pass over the tensor for the means, from which the channel mean of smoothing follows; one more for the similarities, where they are
/// asked for. Items of a pass are strips of <see cref="StripBlocks"/> blocks, so neither few heads nor short ones leave threads idle.
/// </remarks>
internal sealed unsafe class PooledBlocks : IDisposable
{
    /// <summary>Blocks of a strip.</summary>
    public const int StripBlocks = 32;

    private readonly AttentionShape _shape;
    private readonly IReadOnlyList<TokenOrder> _orders;
    private readonly int _slots;
    private readonly int _block;
    private readonly int _strips;
    private readonly float[] _means;
    private readonly float[] _offsets;
    private readonly double[] _similarities;
    private readonly int[] _tokens;

    /// <summary>Sizes the blocks; <see cref="Pool"/> fills them.</summary>
    /// <param name="shape">Sizes of the call.</param>
    /// <param name="slots">Slots of the operand.</param>
    /// <param name="block">Slots per block.</param>
    /// <param name="orders">Token orders: none, one for all heads, or one per head.</param>
    public PooledBlocks(AttentionShape shape, int slots, int block, IReadOnlyList<TokenOrder> orders)
    {
        _shape = shape;
        _orders = orders;
        _slots = slots;
        _block = block;
        Count = CeilingDivision.Of(slots, block);
        Stride = CeilingDivision.Of(Count, 16) * 16;
        _strips = CeilingDivision.Of(Count, StripBlocks);
        int pairs = shape.Batch * shape.Heads;
        _means = ArrayPool<float>.Shared.Rent(checked(pairs * Stride * shape.HeadDim));
        _offsets = ArrayPool<float>.Shared.Rent(pairs * shape.HeadDim);
        _similarities = ArrayPool<double>.Shared.Rent(pairs * Count);
        _tokens = ArrayPool<int>.Shared.Rent(shape.Heads * Count);
    }

    /// <summary>Blocks of a head.</summary>
    public int Count { get; }

    /// <summary>Elements between channels of the transposed means: <see cref="Count"/> rounded up to whole vectors.</summary>
    public int Stride { get; }

    /// <summary>Mean tokens of a pair (batch * heads + head): channel d of block b at d * <see cref="Stride"/> + b.</summary>
    public ReadOnlySpan<float> Means(int pair) => _means.AsSpan(pair * Stride * _shape.HeadDim, Stride * _shape.HeadDim);

    /// <summary>Self-similarity of a block, in [0, 1]; filled when asked for.</summary>
    public double Similarity(int pair, int block) => _similarities[(pair * Count) + block];

    /// <summary>Valid tokens of a block.</summary>
    public int Tokens(int head, int block) => _tokens[(head * Count) + block];

    /// <summary>Pools every head.</summary>
    /// <param name="rows">The tensor.</param>
    /// <param name="smooth">Subtract the channel mean over all tokens first.</param>
    /// <param name="judge">Whether similarities are needed.</param>
    /// <param name="options">Threads and cancellation.</param>
    public void Pool(RowSource rows, bool smooth, bool judge, ParallelOptions options)
    {
        int pairs = _shape.Batch * _shape.Heads;
        Parallel.For(0, pairs * _strips, options, item => SumStrip(rows, item / _strips, item % _strips));
        Parallel.For(0, pairs, options, pair => Finish(pair, smooth));
        if (judge)
        {
            Parallel.For(0, pairs * _strips, options, item => JudgeStrip(rows, item / _strips, item % _strips));
        }
    }

    public void Dispose()
    {
        ArrayPool<float>.Shared.Return(_means);
        ArrayPool<float>.Shared.Return(_offsets);
        ArrayPool<double>.Shared.Return(_similarities);
        ArrayPool<int>.Shared.Return(_tokens);
    }

    private TokenOrder? OrderOf(int head) => _orders.Count switch
    {
        0 => null,
        1 => _orders[0],
        _ => _orders[head],
    };

    /// <summary>Sums of the tokens of each block, transposed.</summary>
    private void SumStrip(RowSource rows, int pair, int strip)
    {
        (int batch, int head) = Math.DivRem(pair, _shape.Heads);
        TokenOrder? order = OrderOf(head);
        int channels = _shape.HeadDim;
        float* sum = stackalloc float[channels];
        float* scratch = stackalloc float[channels];
        Span<float> means = _means.AsSpan(pair * Stride * channels, Stride * channels);
        for (int index = strip * StripBlocks; index < Math.Min(Count, (strip + 1) * StripBlocks); index++)
        {
            new Span<float>(sum, channels).Clear();
            int count = 0;
            for (int slot = index * _block; slot < Math.Min(_slots, (index + 1) * _block); slot++)
            {
                int token = order is null ? slot : order.TokenAt(slot);
                if (token >= 0)
                {
                    RowArithmetic.Add(rows.Read(batch, head, token, scratch), sum, channels);
                    count++;
                }
            }

            _tokens[(head * Count) + index] = count;
            for (int d = 0; d < channels; d++)
            {
                means[(d * Stride) + index] = sum[d];
            }
        }
    }

    /// <summary>Sums to means; the channel mean is the sum of all block sums, in double, over the number of tokens.</summary>
    private void Finish(int pair, bool smooth)
    {
        int channels = _shape.HeadDim;
        ReadOnlySpan<int> tokens = _tokens.AsSpan(pair % _shape.Heads * Count, Count);
        int total = 0;
        foreach (int count in tokens)
        {
            total += count;
        }

        for (int d = 0; d < channels; d++)
        {
            Span<float> means = _means.AsSpan(((pair * channels) + d) * Stride, Stride);
            double sum = 0;
            for (int index = 0; smooth && index < Count; index++)
            {
                sum += means[index];
            }

            float offset = (float)(sum / Math.Max(1, total));
            _offsets[(pair * channels) + d] = offset;
            for (int index = 0; index < Count; index++)
            {
                means[index] = tokens[index] > 0 ? (means[index] / tokens[index]) - offset : 0;
            }

            means[Count..].Clear();
        }
    }

    private void JudgeStrip(RowSource rows, int pair, int strip)
    {
        (int batch, int head) = Math.DivRem(pair, _shape.Heads);
        TokenOrder? order = OrderOf(head);
        int channels = _shape.HeadDim;
        float* shifted = stackalloc float[channels];
        float* direction = stackalloc float[channels];
        float* scratch = stackalloc float[channels];
        fixed (float* offset = &_offsets[pair * channels])
        {
            for (int index = strip * StripBlocks; index < Math.Min(Count, (strip + 1) * StripBlocks); index++)
            {
                new Span<float>(direction, channels).Clear();
                for (int slot = index * _block; slot < Math.Min(_slots, (index + 1) * _block); slot++)
                {
                    int token = order is null ? slot : order.TokenAt(slot);
                    float square = token < 0 ? 0 : RowArithmetic.Shift(rows.Read(batch, head, token, scratch), offset, shifted, channels);
                    if (square > 0)
                    {
                        RowArithmetic.AddScaled(shifted, 1 / MathF.Sqrt(square), direction, channels);
                    }
                }

                double count = Math.Max(1, _tokens[(head * Count) + index]);
                _similarities[(pair * Count) + index] = RowArithmetic.SumOfSquares(direction, channels) / (count * count);
            }
        }
    }
}
