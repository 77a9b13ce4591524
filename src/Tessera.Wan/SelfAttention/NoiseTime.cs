using Tessera.Wan.Sampling;

namespace Tessera.Wan.SelfAttention;

/// <summary>
/// The noise time u that FPSAttention's phases are defined on, from the noise level of a sampler: u falls evenly from 1 to 0 over a
/// sampling whatever the shift, so phases mean the same part of it.
/// </summary>
public static class NoiseTime
{
    // Levels are kept in binary32. A step that lands on the boundary of a phase must not depend on its last bits.
    private const int Decimals = 6;

    /// <summary>u of a noise level: <c>sigma = shift u / (1 + (shift - 1) u)</c> solved for u.</summary>
    /// <param name="sigma">Noise level, 0 to 1.</param>
    /// <param name="shift">Flow shift, above 0.</param>
    public static double Of(double sigma, double shift)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shift);
        return sigma / (shift - ((shift - 1) * sigma));
    }

    /// <summary>u of a step, to six decimals.</summary>
    /// <param name="table">Noise levels.</param>
    /// <param name="step">Step, from 0.</param>
    public static double Of(SigmaTable table, int step)
    {
        ArgumentNullException.ThrowIfNull(table);
        return Math.Round(Of(table.Sigmas[step], table.Shift), Decimals);
    }
}
