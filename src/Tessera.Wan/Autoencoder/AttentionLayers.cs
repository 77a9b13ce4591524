using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;
using Tessera.Neural.Layers;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// The layers of <c>AttentionBlock</c>: <c>x + proj(attention(to_qkv(RMS(x))))</c>, one head of the full width over the positions of a
/// frame. Immutable.
/// </summary>
internal sealed class AttentionLayers(Checkpoint weights, string name)
{
    public string Name { get; } = name;

    public ChannelRmsNorm Norm { get; } = new(weights[$"{name}.norm.gamma"]);

    public Convolution QueryKeyValue { get; } = weights.Convolution($"{name}.to_qkv", ConvolutionGeometry.Pointwise);

    public Convolution Projection { get; } = weights.Convolution($"{name}.proj", ConvolutionGeometry.Pointwise);
}
