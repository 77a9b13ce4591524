using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;
using Tessera.Neural.Layers;

namespace Tessera.Wan.Autoencoder;

/// <summary>The last layers of encoder and decoder: <c>conv(SiLU(RMS(x)))</c>, causal 3x3x3. Immutable.</summary>
internal sealed class HeadLayers(Checkpoint weights, string name)
{
    public string Name { get; } = name;

    public ChannelRmsNorm Norm { get; } = new(weights[$"{name}.0.gamma"]);

    public Convolution Convolution { get; } = weights.Convolution($"{name}.2", ConvolutionGeometry.Causal3x3x3);
}
