using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;
using Tessera.Neural.Layers;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// The layers of <c>ResidualBlock</c>: <c>shortcut(x) + conv(SiLU(RMS(conv(SiLU(RMS(x))))))</c>, both convolutions causal 3x3x3, the
/// shortcut a 1x1x1 convolution where the width changes. Immutable.
/// </summary>
internal sealed class ResidualLayers
{
    public ResidualLayers(Checkpoint weights, string name)
    {
        Name = name;
        FirstNorm = new ChannelRmsNorm(weights[$"{name}.residual.0.gamma"]);
        First = weights.Convolution($"{name}.residual.2", ConvolutionGeometry.Causal3x3x3);
        SecondNorm = new ChannelRmsNorm(weights[$"{name}.residual.3.gamma"]);
        Second = weights.Convolution($"{name}.residual.6", ConvolutionGeometry.Causal3x3x3);
        Shortcut = weights.Contains($"{name}.shortcut.weight")
            ? weights.Convolution($"{name}.shortcut", ConvolutionGeometry.Pointwise)
            : null;
    }

    public string Name { get; }

    public ChannelRmsNorm FirstNorm { get; }

    public Convolution First { get; }

    public ChannelRmsNorm SecondNorm { get; }

    public Convolution Second { get; }

    public Convolution? Shortcut { get; }
}
