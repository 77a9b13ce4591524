using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;

namespace Tessera.Wan.Autoencoder;

/// <summary>Convolutions of a checkpoint.</summary>
internal static class CheckpointConvolutions
{
    /// <summary>The convolution with <c>NAME.weight</c> and, where there is one, <c>NAME.bias</c>.</summary>
    public static Convolution Convolution(this Checkpoint weights, string name, ConvolutionGeometry geometry) =>
        new(weights[$"{name}.weight"], weights.Contains($"{name}.bias") ? weights[$"{name}.bias"] : null, geometry);
}
