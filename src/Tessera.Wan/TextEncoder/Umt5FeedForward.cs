using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Serialization;

namespace Tessera.Wan.TextEncoder;

/// <summary>
/// The gated feed-forward layer of umT5: <c>((y W1) * GELU(y Wg)) W2</c> (Shazeer, "GLU Variants Improve Transformer", 2020).
/// </summary>
internal sealed class Umt5FeedForward
{
    private readonly Linear _gate;
    private readonly Linear _up;
    private readonly Linear _down;

    public Umt5FeedForward(Checkpoint weights, string block)
    {
        _gate = new Linear(weights[$"{block}.ffn.gate.0.weight"]);
        _up = new Linear(weights[$"{block}.ffn.fc1.weight"]);
        _down = new Linear(weights[$"{block}.ffn.fc2.weight"]);
    }

    /// <summary>The matrices that are read in a pass.</summary>
    public IEnumerable<StoredTensor> Weights => [_gate.Weight, _up.Weight, _down.Weight];

    /// <summary>Applies the layer.</summary>
    /// <param name="input">[rows, dim].</param>
    /// <param name="scratch">Memory; see <see cref="Umt5Scratch"/>.</param>
    /// <param name="output">[rows, dim].</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    public void Forward(ReadOnlySpan<float> input, Umt5Scratch scratch, Span<float> output, int threads)
    {
        int tokens = scratch.Rows;
        Span<float> gate = scratch.Gate;
        Span<float> up = scratch.Up;
        _gate.Forward(input, tokens, gate, threads);
        _up.Forward(input, tokens, up, threads);
        GeluTanh.Forward(gate, gate, threads);
        TensorPrimitives.Multiply(up, gate, up);
        _down.Forward(up, tokens, output, threads);
    }
}
