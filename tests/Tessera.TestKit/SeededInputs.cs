using Tessera.Attention;

namespace Tessera.TestKit;

/// <summary>Dense [B, H, L, D] inputs from a seed. Normal random numbers are the hardest case for quantisation error of the output.</summary>
public sealed class SeededInputs
{
    private SeededInputs(AttentionShape shape)
    {
        Shape = shape;
        Query = new float[shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim];
        Key = new float[shape.Batch * shape.Heads * shape.KeyLength * shape.HeadDim];
        Value = new float[Key.Length];
    }

    public AttentionShape Shape { get; }

    public float[] Query { get; }

    public float[] Key { get; }

    public float[] Value { get; }

    public AttentionInputs Inputs => new(Shape, Query, Key, Value);

    public static SeededInputs Normal(AttentionShape shape, int seed = 42)
    {
        SeededInputs inputs = new(shape);
        Random random = new(seed);
        FillNormal(random, inputs.Query);
        FillNormal(random, inputs.Key);
        FillNormal(random, inputs.Value);
        return inputs;
    }

    /// <summary>Normal numbers with a per-channel key bias and a few outlier channels, as real models show.</summary>
    public static SeededInputs Biased(AttentionShape shape, int seed = 42)
    {
        SeededInputs inputs = Normal(shape, seed);
        Random random = new(seed + 1);
        float[] bias = new float[shape.HeadDim];
        FillNormal(random, bias);
        for (int i = 0; i < inputs.Key.Length; i++)
        {
            int channel = i % shape.HeadDim;
            inputs.Key[i] += bias[channel] * (channel % 16 == 3 ? 6 : 1);
        }

        return inputs;
    }

    public static void FillNormal(Random random, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = NextNormal(random);
        }
    }

    /// <summary>A standard normal number by the Box-Muller transform.</summary>
    public static float NextNormal(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
