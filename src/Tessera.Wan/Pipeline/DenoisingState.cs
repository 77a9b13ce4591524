using Tessera.Wan.Sampling;

namespace Tessera.Wan.Pipeline;

/// <summary>Where denoising stands between two steps: all that is needed to go on with the same result.</summary>
/// <param name="Latent">The sample, [16, T, h, w]; replaced by each step.</param>
/// <param name="Sampler">Sampler; <see cref="Sampler.Step"/> says how many steps are done.</param>
/// <param name="Prompts">Encoded text.</param>
/// <param name="Steps">Timings of the steps done.</param>
internal sealed record DenoisingState(float[] Latent, Sampler Sampler, EncodedPrompts Prompts, List<StepTiming> Steps)
{
    /// <summary>Seconds of text encoding.</summary>
    public double TextSeconds { get; init; }

    /// <summary>How it was computed so far; the last stretch goes on.</summary>
    public required List<ArithmeticSpan> Arithmetic { get; init; }
}
