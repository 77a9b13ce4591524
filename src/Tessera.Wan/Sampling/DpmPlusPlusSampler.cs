namespace Tessera.Wan.Sampling;

/// <summary>
/// DPM-Solver++ of order 2, multistep and deterministic, which extrapolates the predicted video along two steps. Source: Lu et al.,
/// "DPM-Solver++: Fast solver for guided sampling of diffusion probabilistic models", 2022, algorithm 2, with the flow-matching levels of
/// Wan2.1.
/// </summary>
/// <remarks>
/// With <c>m0 = x - sigma_i v</c>, m1 that of the step before, <c>h = lambda_{i+1} - lambda_i</c> and <c>e = exp(-h) - 1</c>:
/// <c>x' = (sigma_{i+1} / sigma_i) x - (1 - sigma_{i+1}) e (m0 + D/2)</c>, <c>D = (m0 - m1) / r</c>,
/// <c>r = (lambda_i - lambda_{i-1}) / h</c>. D is 0 in the first and the last step, and where sigma_{i-1} = 1 makes r infinite.
/// </remarks>
internal sealed class DpmPlusPlusSampler(SigmaTable table) : Sampler(table, "prediction")
{
    private protected override void Update(int step, ReadOnlySpan<float> velocity, Span<float> sample, float[][] history)
    {
        Span<float> previous = history[0];
        double sigma = Table.Sigmas[step];
        double next = Table.Sigmas[step + 1];
        bool isLast = step == Table.StepCount - 1;
        double carried = next / sigma;
        double weight = 1;
        double slope = 0;
        if (!isLast)
        {
            // The last level is 0, where lambda is infinite and the update is m0 itself.
            double h = LogRatio(step + 1) - LogRatio(step);
            weight = -(1 - next) * (Math.Exp(-h) - 1);
            slope = step == 0 ? 0 : 0.5 * h / (LogRatio(step) - LogRatio(step - 1));
        }

        for (int i = 0; i < sample.Length; i++)
        {
            float prediction = (float)(sample[i] - (sigma * velocity[i]));
            double extrapolated = prediction + (slope * ((double)prediction - previous[i]));
            sample[i] = (float)((carried * sample[i]) + (weight * extrapolated));
            previous[i] = prediction;
        }
    }
}
