using Tessera.Attention;
using Tessera.Cli.Inputs;

namespace Tessera.Cli.Benchmarking;

/// <summary>Normal random inputs for timing.</summary>
internal static class NormalTensors
{
    private const int Seed = 42;

    /// <summary>Draws Q, K and V of a shape; equal shapes give equal data.</summary>
    public static HeadTensors Draw(AttentionShape shape)
    {
        Random random = new(Seed);
        return new HeadTensors(
            $"normal random numbers, seed {Seed}", shape, 4, Values(shape.QueryLength), Values(shape.KeyLength), Values(shape.KeyLength));

        float[] Values(int length)
        {
            float[] values = new float[checked(shape.Batch * shape.Heads * length * shape.HeadDim)];
            for (int i = 0; i < values.Length; i++)
            {
                // Box-Muller on 1 - u, so that the logarithm never sees zero.
                values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
            }

            return values;
        }
    }
}
