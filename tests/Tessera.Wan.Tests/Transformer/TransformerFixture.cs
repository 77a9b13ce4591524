using Tessera.Attention;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Products;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.Tests.Transformer;

/// <summary>A recorded transformer with its inputs; all sizes come from the files.</summary>
internal sealed class TransformerFixture : IDisposable
{
    private readonly Checkpoint _weights;

    public TransformerFixture(string name, int threads = 0, ProductPrecision precision = ProductPrecision.Float32)
    {
        string folder = Path.Combine(TestRoots.Fixtures, "wan", name);
        Io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        (_weights, Config) = WanWeights.OpenTransformer(
            Path.Combine(folder, "diffusion_pytorch_model.safetensors"), WanTransformerConfig.Read(Path.Combine(folder, "config.json")));
        Model = new WanTransformer(_weights, Config, new WanTransformerOptions { Threads = threads, Precision = precision });
        Latent = Io.ReadSingle("input.latent");
        Shape = ShapeOf(Io["input.latent"].Shape);
        Timestep = Io.ReadSingle("input.timestep")[0];
    }

    public SafetensorsFile Io { get; }

    public WanTransformerConfig Config { get; }

    public WanTransformer Model { get; }

    public float[] Latent { get; }

    public LatentShape Shape { get; }

    public double Timestep { get; }

    public static LatentShape ShapeOf(IReadOnlyList<long> shape) => new((int)shape[1], (int)shape[2], (int)shape[3]);

    public TransformerContext Text(string name = "input.context") =>
        Model.EncodeText(Io.ReadSingle(name), (int)Io[name].Shape[0]);

    public TransformerInputs Inputs(TransformerContext text) => new()
    {
        Latent = Latent,
        Shape = Shape,
        Timestep = Timestep,
        Text = text,
        Step = StepContext.Standalone,
    };

    public float[] Velocity(TransformerContext text, ISelfAttention? attention = null, ITransformerObserver? observer = null)
    {
        float[] velocity = new float[Latent.Length];
        using DenseSelfAttention dense = new();
        _ = Model.Forward(Inputs(text), attention ?? dense, velocity, observer);
        return velocity;
    }

    public void Dispose()
    {
        Model.Dispose();
        _weights.Dispose();
        Io.Dispose();
    }
}
