using Tessera.Neural.Layers;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// The activations of a forward pass, laid out anew when the number of tokens changes: the residual stream, a normalised copy, and four
/// more of that size which hold Q, K, V and what the heads answer, then the hidden rows of the feed-forward layer, then patches. With
/// the sums of heads, 6 tokens x dim + heads x tokens floats in all.
/// </summary>
internal sealed class TransformerScratch : IDisposable
{
    private const int Parts = 4;

    private readonly ActivationArena _arena = new();
    private readonly WanTransformerConfig _config;
    private ActivationBlock _stream;
    private ActivationBlock _normalised;
    private ActivationBlock _work;
    private ActivationBlock _sums;
    private ActivationBlock _modulation;
    private ActivationBlock _time;
    private int _tokens;

    public TransformerScratch(WanTransformerConfig config) => _config = config;

    /// <summary>[tokens, dim].</summary>
    public Span<float> Stream => _stream.Span;

    /// <summary>[tokens, dim].</summary>
    public Span<float> Normalised => _normalised.Span;

    /// <summary>[tokens, dim], first part of <see cref="Work"/>.</summary>
    public Span<float> Query => Part(0);

    /// <summary>[tokens, dim], second part of <see cref="Work"/>.</summary>
    public Span<float> Key => Part(1);

    /// <summary>[tokens, dim], third part of <see cref="Work"/>.</summary>
    public Span<float> Value => Part(2);

    /// <summary>[tokens, dim], fourth part of <see cref="Work"/>.</summary>
    public Span<float> Mixed => Part(3);

    /// <summary>Memory for patches, [tokens, patch], and for hidden rows.</summary>
    public Span<float> Work => _work.Span;

    /// <summary>[heads, tokens].</summary>
    public Span<float> Sums => _sums.Span;

    /// <summary>[6, dim] of the layer at work.</summary>
    public Span<float> Modulation => _modulation.Span;

    /// <summary>Embedded time [dim], its projection [6, dim], sinusoids, and a row for intermediate values [dim].</summary>
    public Span<float> Time => _time.Span;

    /// <summary>Bytes for a number of tokens.</summary>
    public static long BytesFor(WanTransformerConfig config, long tokens)
    {
        long row = ActivationArena.Rounded(tokens * config.Dim);
        return sizeof(float) * ((2 * row) + ActivationArena.Rounded(WorkOf(config, tokens)) + ActivationArena.Rounded(config.Heads * tokens)
            + ActivationArena.Rounded(6L * config.Dim) + ActivationArena.Rounded(TimeOf(config)));
    }

    /// <summary>Makes room.</summary>
    /// <exception cref="ArgumentException">So many tokens exceed a block of memory.</exception>
    public void Prepare(int tokens)
    {
        if (tokens == _tokens)
        {
            return;
        }

        if (WorkOf(_config, tokens) > int.MaxValue)
        {
            throw new ArgumentException(
                $"{tokens} tokens of {_config.Dim} channels exceed one block of memory; wanted at most "
                    + $"{int.MaxValue / Parts / _config.Dim} tokens.",
                nameof(tokens));
        }

        _tokens = 0;
        _arena.Reset(BytesFor(_config, tokens) / sizeof(float));
        (_stream, _normalised) = (_arena.Take(tokens * _config.Dim), _arena.Take(tokens * _config.Dim));
        (_work, _sums) = (_arena.Take((int)WorkOf(_config, tokens)), _arena.Take(tokens * _config.Heads));
        (_modulation, _time) = (_arena.Take(6 * _config.Dim), _arena.Take(TimeOf(_config)));
        _tokens = tokens;
    }

    public void Dispose() => _arena.Dispose();

    private static long WorkOf(WanTransformerConfig config, long tokens) => Math.Max(
        Math.Max(Parts * tokens * config.Dim, tokens * config.Channels * PatchLayout.Size * PatchLayout.Size),
        config.FeedForwardDim);

    private static int TimeOf(WanTransformerConfig config) => (8 * config.Dim) + config.FrequencyDim;

    private Span<float> Part(int index) => _work.Span.Slice(index * _tokens * _config.Dim, _tokens * _config.Dim);
}
