namespace Tessera.Wan.Sampling;

/// <summary>
/// UniPC of order 2 with B(h) = e^h - 1 ("bh2"), predicting the video, of lower order at both ends. Each velocity serves twice: it
/// corrects the step that led to it and predicts the next one. Source: Zhao et al., "UniPC: A unified predictor-corrector framework for
/// fast sampling of diffusion models", 2023, algorithms 5 to 8, with the flow-matching levels of Wan2.1.
/// </summary>
/// <remarks>
/// <para>Step i at sample x with <c>m = x - sigma_i v</c>, m' and m'' the m of the steps before,
/// <c>lambda = ln((1 - sigma)/sigma)</c>:</para>
/// <para>Corrector (i > 0, of the order p of the step before), <c>h = lambda_i - lambda_{i-1}</c>, <c>B = expm1(-h)</c>,
/// <c>k = B/(-h) - 1</c>: <c>x = (sigma_i / sigma_{i-1}) x_last - (1 - sigma_i) B (m' + D)</c>. p = 1: <c>D = (m - m')/2</c>.
/// p = 2: <c>D = rho1 (m'' - m')/r + rho2 (m - m')</c> with <c>r = (lambda_{i-2} - lambda_{i-1})/h</c>, <c>b1 = k/B</c>,
/// <c>b2 = 2 (k/(-h) - 1/2)/B</c>, <c>rho1 = (b1 - b2)/(1 - r)</c>, <c>rho2 = b1 - rho1</c>. m stays what it was before the
/// correction.</para>
/// <para>Predictor of order <c>p = min(2, n - i, i + 1)</c>, <c>h = lambda_{i+1} - lambda_i</c>:
/// <c>x' = (sigma_{i+1} / sigma_i) x - (1 - sigma_{i+1}) B (m + D)</c>, D = 0 for p = 1 and <c>(m' - m)/(2 r)</c>,
/// <c>r = (lambda_{i-1} - lambda_i)/h</c>, for p = 2. The last step ends at sigma = 0 with x' = m.</para>
/// </remarks>
internal sealed class UniPcSampler(SigmaTable table) : Sampler(table, "prediction", "earlier_prediction", "corrected")
{
    private protected override void Update(int step, ReadOnlySpan<float> velocity, Span<float> sample, float[][] history)
    {
        Span<float> predictions = history[0];
        Span<float> earlier = history[1];
        Span<float> corrected = history[2];
        double sigma = Table.Sigmas[step];
        Correction correction = step == 0 ? default : Corrector(step);
        Prediction prediction = Predictor(step);
        for (int i = 0; i < sample.Length; i++)
        {
            float now = (float)(sample[i] - (sigma * velocity[i]));
            double before = predictions[i];
            if (step > 0)
            {
                double slope = (correction.Earlier * (earlier[i] - before)) + (correction.Now * (now - before));
                sample[i] = (float)((correction.Carried * corrected[i]) + (correction.Weight * (before + slope)));
            }

            corrected[i] = sample[i];
            sample[i] = (float)((prediction.Carried * sample[i]) + (prediction.Weight * (now + (prediction.Before * (before - now)))));
            earlier[i] = predictions[i];
            predictions[i] = now;
        }
    }

    /// <summary>Order of the predictor of a step; the corrector of the next step has the same.</summary>
    internal int OrderOf(int step) => Math.Min(2, Math.Min(Table.StepCount - step, step + 1));

    private Correction Corrector(int step)
    {
        double h = LogRatio(step) - LogRatio(step - 1);
        double b = ExponentialMinusOne(-h);
        double k = (b / -h) - 1;
        double weight = -(1 - (double)Table.Sigmas[step]) * b;
        double carried = (double)Table.Sigmas[step] / Table.Sigmas[step - 1];
        if (OrderOf(step - 1) == 1)
        {
            return new Correction(carried, weight, 0, 0.5);
        }

        double r = (LogRatio(step - 2) - LogRatio(step - 1)) / h;
        double first = k / b;
        double second = 2 * ((k / -h) - 0.5) / b;
        double rho = (first - second) / (1 - r);
        return new Correction(carried, weight, rho / r, first - rho);
    }

    private Prediction Predictor(int step)
    {
        if (step == Table.StepCount - 1)
        {
            return new Prediction(0, 1, 0);
        }

        double h = LogRatio(step + 1) - LogRatio(step);
        double weight = -(1 - (double)Table.Sigmas[step + 1]) * ExponentialMinusOne(-h);
        double before = OrderOf(step) == 1 ? 0 : 0.5 * h / (LogRatio(step - 1) - LogRatio(step));
        return new Prediction((double)Table.Sigmas[step + 1] / Table.Sigmas[step], weight, before);
    }

    /// <summary>exp(x) - 1 without the cancellation near 0.</summary>
    private static double ExponentialMinusOne(double x)
    {
        double half = Math.Tanh(x / 2);
        return 2 * half / (1 - half);
    }

    /// <summary><c>x = Carried x_last + Weight (m' + Earlier (m'' - m') + Now (m - m'))</c>.</summary>
    private readonly record struct Correction(double Carried, double Weight, double Earlier, double Now);

    /// <summary><c>x' = Carried x + Weight (m + Before (m' - m))</c>.</summary>
    private readonly record struct Prediction(double Carried, double Weight, double Before);
}
