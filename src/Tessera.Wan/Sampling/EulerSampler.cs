namespace Tessera.Wan.Sampling;

/// <summary>Euler's method, <c>x += (sigma_{i+1} - sigma_i) v</c>; remembers nothing.</summary>
internal sealed class EulerSampler(SigmaTable table) : Sampler(table)
{
    private protected override void Update(int step, ReadOnlySpan<float> velocity, Span<float> sample, float[][] history)
    {
        double difference = (double)Table.Sigmas[step + 1] - Table.Sigmas[step];
        for (int i = 0; i < sample.Length; i++)
        {
            sample[i] = (float)(sample[i] + (difference * velocity[i]));
        }
    }
}
