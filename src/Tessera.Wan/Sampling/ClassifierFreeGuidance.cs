namespace Tessera.Wan.Sampling;

/// <summary>
/// Classifier-free guidance, <c>v = v_u + s (v_c - v_u)</c>. Source: Ho and Salimans, "Classifier-free diffusion guidance", 2022, in the
/// form that Wan2.1 uses, where s = 1 is the conditional velocity alone.
/// </summary>
public static class ClassifierFreeGuidance
{
    /// <summary>Whether a scale needs the pass without the prompt; at most 1 does not.</summary>
    public static bool NeedsUnconditional(double scale) => scale > 1;

    /// <summary>Combines the velocities of both passes.</summary>
    /// <param name="conditional">With the prompt; replaced by the result.</param>
    /// <param name="unconditional">With the negative prompt, as long.</param>
    /// <param name="scale">Guidance scale s.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Combine(Span<float> conditional, ReadOnlySpan<float> unconditional, float scale)
    {
        if (conditional.Length != unconditional.Length)
        {
            throw new ArgumentException(
                $"The passes have {conditional.Length} and {unconditional.Length} numbers; wanted as many.", nameof(unconditional));
        }

        for (int i = 0; i < conditional.Length; i++)
        {
            conditional[i] = unconditional[i] + (scale * (conditional[i] - unconditional[i]));
        }
    }
}
