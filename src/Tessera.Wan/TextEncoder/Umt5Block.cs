using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.TextEncoder;

/// <summary>One block of umT5: <c>x += attention(norm1(x))</c>, then <c>x += feedforward(norm2(x))</c>.</summary>
internal sealed class Umt5Block
{
    private readonly RmsNorm _attentionNorm;
    private readonly RmsNorm _feedForwardNorm;
    private readonly Umt5Attention _attention;
    private readonly Umt5FeedForward _feedForward;

    public Umt5Block(Checkpoint weights, int index, Umt5Config config)
    {
        string block = $"blocks.{index}";
        _attentionNorm = new RmsNorm(weights[$"{block}.norm1.weight"], config.Epsilon);
        _feedForwardNorm = new RmsNorm(weights[$"{block}.norm2.weight"], config.Epsilon);
        _attention = new Umt5Attention(weights, block, config);
        _feedForward = new Umt5FeedForward(weights, block);
    }

    /// <summary>Asks for the block's matrices ahead of their use.</summary>
    public void Prefetch()
    {
        foreach (StoredTensor weight in _attention.Weights.Concat(_feedForward.Weights))
        {
            weight.Prefetch();
        }
    }

    /// <summary>Takes the block's matrices out of the working set.</summary>
    public void Release()
    {
        foreach (StoredTensor weight in _attention.Weights.Concat(_feedForward.Weights))
        {
            weight.Release();
        }
    }

    /// <summary>Attention of the normalised stream, before it is added.</summary>
    public void Attend(ReadOnlySpan<float> stream, PromptRows[] prompts, Umt5Scratch scratch, Span<float> output, int threads)
    {
        Span<float> normalised = scratch.Normalised;
        _attentionNorm.Forward(stream, normalised, threads);
        _attention.Forward(normalised, prompts, scratch, output, threads);
    }

    /// <summary>Feed-forward layer of the normalised stream, before it is added.</summary>
    public void FeedForward(ReadOnlySpan<float> stream, Umt5Scratch scratch, Span<float> output, int threads)
    {
        Span<float> normalised = scratch.Normalised;
        _feedForwardNorm.Forward(stream, normalised, threads);
        _feedForward.Forward(normalised, scratch, output, threads);
    }

    /// <summary>Replaces the stream [rows, dim] by what the block makes of it.</summary>
    public void Forward(Span<float> stream, PromptRows[] prompts, Umt5Scratch scratch, int threads)
    {
        Span<float> update = scratch.Update;
        Attend(stream, prompts, scratch, update, threads);
        TensorPrimitives.Add(stream, update, stream);
        FeedForward(stream, scratch, update, threads);
        TensorPrimitives.Add(stream, update, stream);
    }
}
