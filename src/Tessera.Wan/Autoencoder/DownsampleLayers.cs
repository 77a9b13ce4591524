using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// The layers of <c>Resample</c> in the encoder. <c>downsample2d</c>: a 3x3 convolution with stride 2. <c>downsample3d</c>: after that, a
/// convolution over three frames with stride 2, which the first frame passes by. Immutable.
/// </summary>
internal sealed class DownsampleLayers(Checkpoint weights, string name)
{
    public string Name { get; } = name;

    public Convolution Spatial { get; } = weights.Convolution($"{name}.resample.1", ConvolutionGeometry.Halving3x3);

    /// <summary>Makes one frame of three, or null for <c>downsample2d</c>.</summary>
    public Convolution? Time { get; } = weights.Contains($"{name}.time_conv.weight")
        ? weights.Convolution($"{name}.time_conv", ConvolutionGeometry.CausalFrames)
        : null;
}
