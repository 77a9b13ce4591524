using Tessera.Attention;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Transformer;

/// <summary>What one forward pass of the transformer reads.</summary>
public readonly ref struct TransformerInputs
{
    /// <summary>Noisy latent, row-major [16, frames, height, width].</summary>
    public required ReadOnlySpan<float> Latent { get; init; }

    /// <summary>Sizes of the latent.</summary>
    public required LatentShape Shape { get; init; }

    /// <summary>Timestep as the scheduler gives it, 0 to 1000.</summary>
    public required double Timestep { get; init; }

    /// <summary>Text, encoded by the same transformer.</summary>
    public required TransformerContext Text { get; init; }

    /// <summary>Denoising step, for schedules of plans; the layer is filled in by the transformer.</summary>
    public required StepContext Step { get; init; }

    /// <summary>Pass of the guidance.</summary>
    public GuidanceBranch Branch { get; init; }
}
