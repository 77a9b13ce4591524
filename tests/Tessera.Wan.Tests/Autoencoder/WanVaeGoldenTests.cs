using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Xunit;

namespace Tessera.Wan.Tests.Autoencoder;

/// <summary>The autoencoder against what the reference code recorded, module by module.</summary>
public sealed class WanVaeGoldenTests
{
    /// <summary>What the recording calls reachable in binary32; its own binary32 noise is 3.5e-6.</summary>
    private const double Tolerance = 2e-5;
    private const string Folder = "wan/vae_tiny";
    private const string Fixture = $"{Folder}/io.safetensors";

    [DataFact(Fixture, isFixture: true)]
    public void Every_module_of_the_decoder_gives_what_was_recorded()
    {
        using SafetensorsFile io = Io();
        RecordedFrames recorded = new();
        using WanVae vae = Open(recorded);
        LatentShape shape = ShapeOf(io["decode.latent"]);
        float[] video = vae.Decode(io.ReadSingle("decode.latent"), shape);
        CompareAll(io, "decode.mid.", recorded);
        int first = 0;
        recorded.Compare(io.Tensor("decode.video_raw"), "decoder.head", ref first, Tolerance);
        Golden.Close(io.Tensor("decode.video"), RecordedFrames.ToPlanes(video, LatentShape.PixelChannels), Tolerance);
    }

    [DataFact(Fixture, isFixture: true)]
    public void Every_module_of_the_encoder_gives_what_was_recorded()
    {
        using SafetensorsFile io = Io();
        RecordedFrames recorded = new();
        using WanVae vae = Open(recorded);
        float[] pixels = RecordedFrames.ToPositions(io.ReadSingle("encode.video"), LatentShape.PixelChannels);
        float[] latent = vae.Encode(pixels, ShapeOf(io["encode.latent"]));
        CompareAll(io, "encode.mid.", recorded);
        Golden.Close(io.Tensor("encode.latent"), latent, Tolerance);
    }

    [DataFact(Fixture, isFixture: true)]
    public void An_image_is_a_video_of_one_frame()
    {
        using SafetensorsFile io = Io();
        RecordedFrames recorded = new();
        using WanVae vae = Open(recorded);
        vae.Decode(io.ReadSingle("image.latent"), ShapeOf(io["image.latent"]));
        int first = 0;
        recorded.Compare(io.Tensor("image.video_raw"), "decoder.head", ref first, Tolerance);
    }

    [DataFact("wan/pipeline_tiny/expected.safetensors", isFixture: true)]
    public void Both_layouts_of_the_pipeline_decode_to_its_video()
    {
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny/expected.safetensors"));
        foreach (string layout in new[] { "original", "diffusers" })
        {
            (Checkpoint weights, WanVaeConfig config) = WanCheckpoint.Find(Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny", layout)).OpenVae();
            using WanVae vae = new(weights, config);
            float[] video = vae.Decode(expected.ReadSingle("latents_final"), ShapeOf(expected["latents_final"]));
            Golden.Close(expected.Tensor("video"), RecordedFrames.ToPlanes(video, LatentShape.PixelChannels), Tolerance);
        }
    }

    private static void CompareAll(SafetensorsFile io, string prefix, RecordedFrames recorded)
    {
        // module.chunkN: chunks of a module follow each other.
        IEnumerable<IGrouping<string, (string Name, string[] Parts)>> modules = io.Tensors.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(tensor => (tensor.Name, Parts: tensor.Name[prefix.Length..].Split(".chunk")))
            .GroupBy(static tensor => tensor.Parts[0]);
        int compared = 0;
        foreach (IGrouping<string, (string Name, string[] Parts)> module in modules)
        {
            int first = 0;
            foreach ((string name, _) in module.OrderBy(static tensor => tensor.Parts.Length == 1 ? 0 : int.Parse(tensor.Parts[1])))
            {
                recorded.Compare(io.Tensor(name), module.Key, ref first, Tolerance);
                compared++;
            }
        }

        Assert.True(compared > 5);
    }

    private static SafetensorsFile Io() => SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, Fixture));

    private static LatentShape ShapeOf(TensorDescription latent) => new((int)latent.Shape[1], (int)latent.Shape[2], (int)latent.Shape[3]);

    private static LatentShape ShapeOf(StoredTensor latent) => ShapeOf(latent.Description);

    private static WanVae Open(RecordedFrames recorded)
    {
        (Checkpoint weights, WanVaeConfig config) = WanWeights.OpenVae(Path.Combine(TestRoots.Fixtures, Folder, "vae.safetensors"));
        return new WanVae(weights, config, recorded.Observe);
    }
}
