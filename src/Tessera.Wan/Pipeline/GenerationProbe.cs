using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Pipeline;

/// <summary>Sees what a generation computes on its way; for comparison with recorded values.</summary>
internal sealed class GenerationProbe
{
    /// <summary>Encoded prompts.</summary>
    public Action<EncodedPrompts>? Prompts { get; init; }

    /// <summary>Step, velocity with the prompt, velocity without it.</summary>
    public Action<int, float[], float[]?>? Velocities { get; init; }

    /// <summary>Latent after a step, and the steps done.</summary>
    public Action<int, float[]>? Latents { get; init; }

    /// <summary>Decoded pixels.</summary>
    public VideoFrameConsumer? Pixels { get; init; }
}
