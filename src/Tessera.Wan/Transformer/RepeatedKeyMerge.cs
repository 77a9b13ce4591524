using System.Numerics.Tensors;
using Tessera.Neural.Layers;

namespace Tessera.Wan.Transformer;

/// <summary>
/// Adds a key that occurs n times to attention that was computed without it: with l the logarithm of the sum over the other keys and s
/// the key's score plus ln n, <c>o += (v - o) / (1 + exp(l - s))</c>. Exact but for rounding: equal keys have equal probabilities.
/// </summary>
/// <remarks>
/// The same identity by which FlashAttention joins partial results (arXiv 2205.14135, section 3.1), with one side a single key.
/// </remarks>
internal readonly unsafe struct RepeatedKeyMerge : IRowJob
{
    private readonly float* _query;
    private readonly float* _key;
    private readonly float* _value;
    private readonly float* _sums;
    private readonly float* _output;
    private readonly int _tokens;
    private readonly int _heads;
    private readonly int _headDim;
    private readonly float _scale;
    private readonly float _logCount;

    /// <param name="query">[tokens, heads, head dim].</param>
    /// <param name="key">[heads, head dim].</param>
    /// <param name="value">[heads, head dim].</param>
    /// <param name="sums">Logarithms of the sums over the other keys, [heads, tokens].</param>
    /// <param name="output">[tokens, heads, head dim], changed in place.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="headDim">Channels of a head.</param>
    /// <param name="count">How often the key occurs.</param>
    public RepeatedKeyMerge(
        float* query, float* key, float* value, float* sums, float* output, int tokens, int heads, int headDim, int count)
    {
        _query = query;
        _key = key;
        _value = value;
        _sums = sums;
        _output = output;
        (_tokens, _heads, _headDim) = (tokens, heads, headDim);
        _scale = (float)(1 / Math.Sqrt(headDim));
        _logCount = (float)Math.Log(count);
    }

    public void Execute(int first, int count)
    {
        for (int token = first; token < first + count; token++)
        {
            for (int head = 0; head < _heads; head++)
            {
                long place = (((long)token * _heads) + head) * _headDim;
                ReadOnlySpan<float> query = new(_query + place, _headDim);
                ReadOnlySpan<float> key = new(_key + (head * _headDim), _headDim);
                ReadOnlySpan<float> value = new(_value + (head * _headDim), _headDim);
                Span<float> output = new(_output + place, _headDim);
                float score = (TensorPrimitives.Dot(query, key) * _scale) + _logCount;
                float share = 1 / (1 + MathF.Exp(_sums[((long)head * _tokens) + token] - score));
                TensorPrimitives.Multiply(output, 1 - share, output);
                TensorPrimitives.MultiplyAdd(value, share, output, output);
            }
        }
    }
}
