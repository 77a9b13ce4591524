using System.Numerics.Tensors;
using Tessera.Neural.Layers;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// A prompt as the transformer reads it: keys and values of the cross-attention of every layer. They depend on neither the timestep nor
/// the latent, so they are computed once and serve all steps. Immutable once made; dispose it when the prompt is done.
/// </summary>
/// <remarks>
/// The reference pads the prompt with rows of zeros to <see cref="WanTransformerConfig.TextLength"/> and lets them take part without a
/// mask. The text embedding makes the same row of all of them, so one row stands for all: it is kept last, and attention counts it
/// <see cref="PaddingRows"/> times. A prompt of 20 tokens needs 21 rows and not 512.
/// </remarks>
public sealed class TransformerContext : IDisposable
{
    private readonly ActivationArena _arena = new();
    private readonly ActivationBlock _embedding;
    private readonly ActivationBlock[] _keys;
    private readonly ActivationBlock[] _values;
    private bool _disposed;

    internal TransformerContext(WanTransformerConfig config, int promptRows)
    {
        Config = config;
        PromptRows = promptRows;
        PaddingRows = config.TextLength - promptRows;
        Rows = PaddingRows > 0 ? promptRows + 1 : promptRows;
        int size = checked(Rows * config.Dim);
        _arena.Reset(ActivationArena.Rounded(size) * ((2L * config.Layers) + 1));
        _embedding = _arena.Take(size);
        _keys = new ActivationBlock[config.Layers];
        _values = new ActivationBlock[config.Layers];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            (_keys[layer], _values[layer]) = (_arena.Take(size), _arena.Take(size));
        }
    }

    /// <summary>Rows of the prompt itself.</summary>
    public int PromptRows { get; }

    /// <summary>Rows of padding, all equal.</summary>
    public int PaddingRows { get; }

    /// <summary>Rows that are kept: those of the prompt, and one for all padding where there is any.</summary>
    public int Rows { get; }

    /// <summary>Bytes that the context holds.</summary>
    public long Bytes => _arena.Capacity * sizeof(float);

    /// <summary>The embedded text, [rows, dim].</summary>
    public ReadOnlySpan<float> Embedding => Live(_embedding);

    internal WanTransformerConfig Config { get; }

    /// <summary>Keys of a layer after their norm, [rows, heads, head dim].</summary>
    /// <exception cref="ObjectDisposedException">The context is disposed.</exception>
    public ReadOnlySpan<float> Keys(int layer) => Live(_keys[layer]);

    /// <summary>Values of a layer, [rows, heads, head dim].</summary>
    /// <exception cref="ObjectDisposedException">The context is disposed.</exception>
    public ReadOnlySpan<float> Values(int layer) => Live(_values[layer]);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _disposed = true;
        _arena.Dispose();
    }

    /// <summary>Whether keys and values of a layer hold numbers only.</summary>
    internal bool IsFinite(int layer) => TensorPrimitives.IsFiniteAll(Keys(layer)) && TensorPrimitives.IsFiniteAll(Values(layer));

    internal Span<float> MutableEmbedding() => Live(_embedding);

    internal Span<float> MutableKeys(int layer) => Live(_keys[layer]);

    internal Span<float> MutableValues(int layer) => Live(_values[layer]);

    private Span<float> Live(ActivationBlock block)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return block.Span;
    }
}
