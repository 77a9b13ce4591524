using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>From the rows of the text encoder to those that layers attend to: <c>c = W2 GELU(W1 x)</c>.</summary>
internal sealed class TextConditioning
{
    private readonly Linear _first;
    private readonly Linear _second;
    private readonly WanTransformerConfig _config;

    public TextConditioning(Checkpoint weights, WanTransformerConfig config)
    {
        _config = config;
        _first = WanLayers.Linear(weights, "text_embedding.0");
        _second = WanLayers.Linear(weights, "text_embedding.2");
    }

    /// <summary>Embeds the rows of a prompt, and one row of zeros that stands for all padding.</summary>
    /// <param name="prompt">[prompt rows, text dim]; fewer rows than the context has are padded with zeros.</param>
    /// <param name="context">Receives the embedded rows.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">A number is not finite.</exception>
    public void Forward(ReadOnlySpan<float> prompt, TransformerContext context, int threads)
    {
        if (!prompt.IsEmpty && !TensorPrimitives.IsFiniteAll(prompt))
        {
            throw new ArgumentException("The text rows hold NaN or infinity; wanted finite numbers.", nameof(prompt));
        }

        using ActivationArena arena = new();
        int inputs = checked(context.Rows * _config.TextDim);
        int hidden = checked(context.Rows * _config.Dim);
        arena.Reset(ActivationArena.Rounded(inputs) + ActivationArena.Rounded(hidden));
        Span<float> rows = arena.Take(inputs).Span;
        Span<float> middle = arena.Take(hidden).Span;
        prompt.CopyTo(rows);
        rows[prompt.Length..].Clear();
        _first.Forward(rows, context.Rows, middle, threads);
        GeluTanh.Forward(middle, middle, threads);
        _second.Forward(middle, context.Rows, context.MutableEmbedding(), threads);
    }
}
