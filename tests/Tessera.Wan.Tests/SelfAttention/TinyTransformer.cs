using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Neural.Checkpoints;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Initialization;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.Tests.SelfAttention;

/// <summary>A random transformer of three layers and a video of 5x8x10 tokens, so that these tests need no recorded data.</summary>
public sealed class TinyTransformer : IDisposable
{
    private readonly Checkpoint _weights;
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-tiny-").FullName;

    public TinyTransformer()
    {
        WanTransformerConfig sizes = new()
        {
            Dim = 64,
            FeedForwardDim = 96,
            Heads = 2,
            Layers = 3,
            TextDim = 32,
            TextLength = 8,
        };
        new RandomCheckpoint(WanModelSizes.Tiny with { Transformer = sizes }, seed: 11, WanParts.Transformer).Write(_folder);
        (_weights, WanTransformerConfig config) = WanCheckpoint.Find(_folder).OpenTransformer();
        Config = config with { TextLength = sizes.TextLength };
        Model = new WanTransformer(_weights, Config);
    }

    public static LatentShape Shape { get; } = new(5, 16, 20);

    public static TokenGrid Grid { get; } = WanTransformer.GridOf(Shape);

    public static KernelSettings Kernels { get; } = new(new BackendSelector([CpuBackend.Shared, ReferenceBackend.Shared]));

    public static SelfAttentionFactory Factory { get; } = new(Kernels, CpuMapReader.Shared);

    public WanTransformerConfig Config { get; }

    public WanTransformer Model { get; }

    public SelfAttentionSession Session(SelfAttentionOptions options, int steps) => Factory.Create(options, Config, Grid, steps);

    /// <summary>Features of a prompt that exists for its number only.</summary>
    public float[] Rows(int prompt)
    {
        float[] rows = new float[4 * Config.TextDim];
        Random random = new(100 + prompt);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = (float)((2 * random.NextDouble()) - 1);
        }

        return rows;
    }

    /// <summary>Velocities of both branches of a step.</summary>
    public float[][] Velocities(ISelfAttention attention, int step = 0, int steps = 1)
    {
        float[] latent = LatentNoise.FromSeed(Shape, 3);
        List<float[]> velocities = [];
        foreach (GuidanceBranch branch in new[] { GuidanceBranch.Conditional, GuidanceBranch.Unconditional })
        {
            using TransformerContext text = Model.EncodeText(Rows((int)branch), 4);
            float[] velocity = new float[latent.Length];
            TransformerInputs inputs = new()
            {
                Latent = latent,
                Shape = Shape,
                Timestep = 900 - step,
                Text = text,
                Step = new StepContext(step, steps, 0, Config.Layers),
                Branch = branch,
            };
            Model.Forward(inputs, attention, velocity);
            velocities.Add(velocity);
        }

        return [.. velocities];
    }

    public void Dispose()
    {
        Model.Dispose();
        _weights.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
