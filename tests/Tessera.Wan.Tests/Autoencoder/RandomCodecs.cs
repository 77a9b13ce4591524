using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Initialization;
using Tessera.Wan.TinyAutoencoder;

namespace Tessera.Wan.Tests.Autoencoder;

/// <summary>Both autoencoders with random weights in a small size.</summary>
internal static class RandomCodecs
{
    public const string Full = "wan-vae";
    public const string Tiny = "taehv";

    public static IVideoCodec Open(string name)
    {
        string folder = Directory.CreateTempSubdirectory("tessera-codec-").FullName;
        try
        {
            new RandomCheckpoint(WanModelSizes.Tiny, seed: 9, WanParts.Vae | WanParts.TinyVae).Write(folder);
            WanCheckpoint model = WanCheckpoint.Find(folder);

            // Open files outlive their names.
            return name == Full ? WanVae.Open(model.VaePath!) : TinyVae.Open(model.TinyVaePath!);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static float[] Latent(LatentShape shape, int seed = 1)
    {
        float[] values = new float[shape.Length];
        SeededInputs.FillNormal(new Random(seed), values);
        return values;
    }
}
