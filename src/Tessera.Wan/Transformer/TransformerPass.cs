using Tessera.Attention;
using Tessera.Layout;
using Tessera.Neural.Layers;

namespace Tessera.Wan.Transformer;

/// <summary>What all layers of one forward pass share.</summary>
internal readonly ref struct TransformerPass
{
    public required TokenGrid Grid { get; init; }

    /// <summary>Order in which tokens stand, or null for the natural one.</summary>
    public required TokenOrder? Order { get; init; }

    public required StepContext Step { get; init; }

    public required GuidanceBranch Branch { get; init; }

    public required TransformerContext Text { get; init; }

    public required ISelfAttention Attention { get; init; }

    public required RotaryEmbedding Rotary { get; init; }

    public required CrossAttention CrossAttention { get; init; }

    public required TransformerScratch Scratch { get; init; }

    public required TransformerClock Clock { get; init; }

    public required ITransformerObserver? Observer { get; init; }

    public required int Threads { get; init; }

    public required CancellationToken CancellationToken { get; init; }

    public int Tokens => Grid.Tokens;

    /// <summary>e0, [6, dim]: what time adds to the modulation of every layer.</summary>
    public required ReadOnlySpan<float> TimeProjection { get; init; }

    /// <summary>Shows the output of a layer that is otherwise added to the stream unseen: for observers it is computed once more.</summary>
    public void ObserveOutput(TransformerStage stage, int layer, Linear output, ReadOnlySpan<float> input)
    {
        if (Observer is not null)
        {
            float[] seen = new float[Tokens * output.Outputs];
            output.Forward(input, Tokens, seen, Threads);
            Observer.Observe(stage, layer, seen);
        }
    }
}
