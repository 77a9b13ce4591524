using Tessera.Attention;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.Tests.Transformer;

/// <summary>A transformer of random weights with random inputs, in memory.</summary>
internal sealed class RandomTransformer : IDisposable
{
    private readonly Checkpoint _weights;

    public RandomTransformer(WanTransformerConfig config, LatentShape shape, string? poisoned = null, int threads = 0)
    {
        Random random = new(3);
        SafetensorsWriter writer = new();
        foreach (TensorSpecification tensor in config.Tensors())
        {
            float[] values = Normal(random, tensor.ElementCount);
            float scale = tensor.Shape.Count > 1 ? 1 / MathF.Sqrt(tensor.ElementCount / tensor.Shape[0]) : 0.3f;
            for (int i = 0; i < values.Length; i++)
            {
                values[i] *= scale;
            }

            if (tensor.Name == poisoned)
            {
                values[3] = float.NaN;
            }

            writer.Add<float>(tensor.Name, [.. tensor.Shape], values);
        }

        using MemoryStream stream = new();
        writer.Write(stream);
        _weights = new Checkpoint(SafetensorsFile.FromMemory(stream.ToArray()), WanKeyTables.OriginalTransformer);
        Model = new WanTransformer(_weights, config, new WanTransformerOptions { Threads = threads });
        Shape = shape;
        TextRows = Normal(random, 3L * config.TextDim);
        Latent = Normal(random, shape.Length);
    }

    public static WanTransformerConfig SmallConfig { get; } = new()
    {
        Dim = 48,
        FeedForwardDim = 100,
        Heads = 3,
        Layers = 2,
        TextDim = 12,
        TextLength = 8,
        FrequencyDim = 10,
    };

    public WanTransformer Model { get; }

    public LatentShape Shape { get; }

    public float[] Latent { get; }

    public float[] TextRows { get; }

    public TransformerContext Text(int rows = 3) => Model.EncodeText(TextRows.AsSpan(0, rows * Model.Config.TextDim), rows);

    public TransformerInputs Inputs(TransformerContext text, GuidanceBranch branch = GuidanceBranch.Conditional) => new()
    {
        Latent = Latent,
        Shape = Shape,
        Timestep = 321,
        Text = text,
        Step = new StepContext(2, 7, 0, 1) { NoiseTime = 0.25 },
        Branch = branch,
    };

    public float[] Velocity(ISelfAttention attention, TransformerContext text)
    {
        float[] velocity = new float[Latent.Length];
        _ = Model.Forward(Inputs(text), attention, velocity);
        return velocity;
    }

    public void Dispose()
    {
        Model.Dispose();
        _weights.Dispose();
    }

    private static float[] Normal(Random random, long count)
    {
        float[] values = new float[count];
        SeededInputs.FillNormal(random, values);
        return values;
    }
}
