using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary>
/// Nearest upsampling, <c>TGrow</c> (a 1x1 convolution to several frames) and a 3x3 convolution. Both the upsampling and the 1x1
/// convolution act on positions alone, so the 1x1 one is applied first, to a quarter of the positions, with the same result bit for bit.
/// Immutable.
/// </summary>
internal sealed class GrowthLayers
{
    /// <summary>Reads the layers of a level.</summary>
    public GrowthLayers(Checkpoint weights, int level)
    {
        int index = TinyVaeConfig.ConvolutionOf(level);
        Name = $"decoder.{index}";
        Spatial = new UpsamplingConvolution(weights[$"{Name}.weight"], null);
        ConvolutionSlices slices = new(weights[$"decoder.{index - 1}.conv.weight"], null);
        int frames = TinyVaeConfig.Growth[level];
        int skipped = slices.Outputs - (frames * Spatial.InputChannels);
        Frames = [.. Enumerable.Range(0, frames).Select(frame =>
            slices.Take(skipped + (frame * Spatial.InputChannels), Spatial.InputChannels, ConvolutionGeometry.Pointwise))];
    }

    public string Name { get; }

    /// <summary>The 1x1 convolution to each frame.</summary>
    public IReadOnlyList<Convolution> Frames { get; }

    public UpsamplingConvolution Spatial { get; }
}
