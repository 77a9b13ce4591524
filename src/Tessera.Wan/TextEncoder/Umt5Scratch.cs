using Tessera.Neural.Layers;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.TextEncoder;

/// <summary>
/// The activations of one encoding, laid out once; every block uses the same memory. Rows are tokens. Threads may work on different heads.
/// </summary>
internal sealed class Umt5Scratch : IDisposable
{
    private readonly ActivationArena _arena = new();
    private readonly ActivationBlock _normalised;
    private readonly ActivationBlock _update;
    private readonly ActivationBlock _query;
    private readonly ActivationBlock _key;
    private readonly ActivationBlock _value;
    private readonly ActivationBlock _mixed;
    private readonly ActivationBlock _gate;
    private readonly ActivationBlock _up;
    private readonly ActivationBlock _bias;
    private readonly ActivationBlock _scores;
    private readonly int _tokens;

    public Umt5Scratch(Umt5Config config, int tokens)
    {
        _tokens = tokens;
        int biases = checked(config.Heads * PositionBias.Length(tokens));
        int scores = checked(config.Heads * tokens);
        int stream = checked(tokens * config.Dim);
        int attention = checked(tokens * config.AttentionDim);
        int feedForward = checked(tokens * config.FeedForwardDim);
        _arena.Reset(
            (2 * ActivationArena.Rounded(stream)) + (4 * ActivationArena.Rounded(attention)) + (2 * ActivationArena.Rounded(feedForward))
                + ActivationArena.Rounded(biases) + ActivationArena.Rounded(scores));
        (_normalised, _update) = (_arena.Take(stream), _arena.Take(stream));
        (_query, _key, _value, _mixed) = (_arena.Take(attention), _arena.Take(attention), _arena.Take(attention), _arena.Take(attention));
        (_gate, _up) = (_arena.Take(feedForward), _arena.Take(feedForward));
        (_bias, _scores) = (_arena.Take(biases), _arena.Take(scores));
    }

    /// <summary>[tokens, dim].</summary>
    public Span<float> Normalised => _normalised.Span;

    /// <summary>[tokens, dim].</summary>
    public Span<float> Update => _update.Span;

    /// <summary>[tokens, attention dim].</summary>
    public Span<float> Query => _query.Span;

    /// <summary>[tokens, attention dim].</summary>
    public Span<float> Key => _key.Span;

    /// <summary>[tokens, attention dim].</summary>
    public Span<float> Value => _value.Span;

    /// <summary>[tokens, attention dim].</summary>
    public Span<float> Mixed => _mixed.Span;

    /// <summary>[tokens, feed-forward dim].</summary>
    public Span<float> Gate => _gate.Span;

    /// <summary>[tokens, feed-forward dim].</summary>
    public Span<float> Up => _up.Span;

    /// <summary>A head's bias by relative position.</summary>
    public Span<float> Bias(int head) =>
        _bias.Span.Slice(head * PositionBias.Length(_tokens), PositionBias.Length(_tokens));

    /// <summary>A head's row of scores, [tokens].</summary>
    public Span<float> Scores(int head) => _scores.Span.Slice(head * _tokens, _tokens);

    public void Dispose() => _arena.Dispose();
}
