namespace Tessera.Attention;

/// <summary>Where in a generation an attention call happens; an argument everywhere, never state on a layer.</summary>
/// <param name="Step">Executed denoising step, from 0 (the noisiest).</param>
/// <param name="StepCount">Steps of the sampler.</param>
/// <param name="Layer">Transformer layer, from 0.</param>
/// <param name="LayerCount">Transformer layers.</param>
public readonly record struct StepContext(int Step, int StepCount, int Layer, int LayerCount)
{
    /// <summary>A single call outside any generation.</summary>
    public static StepContext Standalone => new(0, 1, 0, 1);

    /// <summary>
    /// Noise time u in (0, 1]: 1 before the first step, 1 - Step / StepCount in general, as FPSAttention defines its phases. A sampler with
    /// uneven steps sets it itself; phases are defined on u and not on step numbers.
    /// </summary>
    public double NoiseTime { get; init; } = 1.0 - ((double)Step / StepCount);
}
