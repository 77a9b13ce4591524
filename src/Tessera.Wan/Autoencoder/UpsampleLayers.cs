using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// The layers of <c>Resample</c> in the decoder. <c>upsample2d</c>: nearest upsampling and a 3x3 convolution. <c>upsample3d</c>: before
/// that, every frame but the first becomes two by a causal convolution over three frames with twice the channels, whose halves are the
/// two frames. Immutable.
/// </summary>
internal sealed class UpsampleLayers
{
    private const string TimeName = "time_conv";

    public UpsampleLayers(Checkpoint weights, string name)
    {
        Name = name;
        Spatial = new UpsamplingConvolution(weights[$"{name}.resample.1.weight"], weights[$"{name}.resample.1.bias"]);
        if (weights.Contains($"{name}.{TimeName}.weight"))
        {
            ConvolutionSlices slices = new(weights[$"{name}.{TimeName}.weight"], weights[$"{name}.{TimeName}.bias"]);
            int channels = slices.Outputs / 2;
            First = slices.Take(0, channels, ConvolutionGeometry.CausalFrames);
            Second = slices.Take(channels, channels, ConvolutionGeometry.CausalFrames);
        }
    }

    public string Name { get; }

    public UpsamplingConvolution Spatial { get; }

    /// <summary>The earlier of the two frames, or null for <c>upsample2d</c>.</summary>
    public Convolution? First { get; }

    /// <summary>The later one, or null.</summary>
    public Convolution? Second { get; }
}
