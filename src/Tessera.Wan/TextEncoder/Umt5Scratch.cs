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
    private readonly int _longest;

    /// <param name="config">Sizes.</param>
    /// <param name="rows">Rows of all prompts.</param>
    /// <param name="longest">Rows of the longest prompt.</param>
    public Umt5Scratch(Umt5Config config, int rows, int longest)
    {
        Rows = rows;
        _longest = longest;
        int biases = checked(config.Heads * PositionBias.Length(longest));
        int scores = checked(config.Heads * longest);
        int stream = checked(rows * config.Dim);
        int attention = checked(rows * config.AttentionDim);
        int feedForward = checked(rows * config.FeedForwardDim);
        _arena.Reset(
            (2 * ActivationArena.Rounded(stream)) + (4 * ActivationArena.Rounded(attention)) + (2 * ActivationArena.Rounded(feedForward))
                + ActivationArena.Rounded(biases) + ActivationArena.Rounded(scores));
        (_normalised, _update) = (_arena.Take(stream), _arena.Take(stream));
        (_query, _key, _value, _mixed) = (_arena.Take(attention), _arena.Take(attention), _arena.Take(attention), _arena.Take(attention));
        (_gate, _up) = (_arena.Take(feedForward), _arena.Take(feedForward));
        (_bias, _scores) = (_arena.Take(biases), _arena.Take(scores));
    }

    /// <summary>Rows of all prompts.</summary>
    public int Rows { get; }

    /// <summary>[rows, dim].</summary>
    public Span<float> Normalised => _normalised.Span;

    /// <summary>[rows, dim].</summary>
    public Span<float> Update => _update.Span;

    /// <summary>[rows, attention dim].</summary>
    public Span<float> Query => _query.Span;

    /// <summary>[rows, attention dim].</summary>
    public Span<float> Key => _key.Span;

    /// <summary>[rows, attention dim].</summary>
    public Span<float> Value => _value.Span;

    /// <summary>[rows, attention dim].</summary>
    public Span<float> Mixed => _mixed.Span;

    /// <summary>[rows, feed-forward dim].</summary>
    public Span<float> Gate => _gate.Span;

    /// <summary>[rows, feed-forward dim].</summary>
    public Span<float> Up => _up.Span;

    /// <summary>A head's bias by relative position.</summary>
    public Span<float> Bias(int head) =>
        _bias.Span.Slice(head * PositionBias.Length(_longest), PositionBias.Length(_longest));

    /// <summary>A head's row of scores over the longest prompt.</summary>
    public Span<float> Scores(int head) => _scores.Span.Slice(head * _longest, _longest);

    public void Dispose() => _arena.Dispose();
}
