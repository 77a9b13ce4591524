using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary>
/// The layers of <c>MemBlock</c>: <c>ReLU(conv(ReLU(conv(ReLU(conv([x, past]))))) + x)</c>, 3x3 convolutions of a frame stacked in
/// channels on the block's input of one frame before. Immutable.
/// </summary>
internal sealed class MemoryLayers(Checkpoint weights, string name)
{
    public string Name { get; } = name;

    /// <summary>Over pairs of frames.</summary>
    public Convolution First { get; } = Convolution.OverFramePairs(
        weights[$"{name}.conv.0.weight"], weights[$"{name}.conv.0.bias"], ConvolutionGeometry.Same3x3 with { LeadingFrames = 1 });

    public Convolution Second { get; } = weights.Convolution($"{name}.conv.2", ConvolutionGeometry.Same3x3);

    public Convolution Third { get; } = weights.Convolution($"{name}.conv.4", ConvolutionGeometry.Same3x3);
}
