using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Checkpoints;
using Xunit;

namespace Tessera.Wan.Tests.Checkpoints;

public sealed class WanWeightsTests : IDisposable
{
    private const string Fixture = "wan/dit_tiny/config.json";
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-weights-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [DataFact(Fixture, isFixture: true)]
    public void Every_recorded_file_is_complete()
    {
        foreach (string name in new[] { "dit_tiny", "dit_hd128" })
        {
            string folder = Path.Combine(TestRoots.Fixtures, "wan", name);
            WanTransformerConfig config = WanTransformerConfig.Read(Path.Combine(folder, "config.json"));
            (Checkpoint weights, WanTransformerConfig completed) =
                WanWeights.OpenTransformer(Path.Combine(folder, "diffusion_pytorch_model.safetensors"), config);
            using (weights)
            {
                Assert.Equal(completed.Tensors().Count(), weights.Names.Count);
                Assert.Equal(completed.Tensors().Sum(static tensor => tensor.ElementCount), weights.ParameterCount);

                // Without a configuration all sizes but the text length and the head come from the weights.
                Assert.Equal(completed, WanTransformerConfig.FromWeights(weights, completed.HeadDim) with { TextLength = completed.TextLength });
            }
        }

        string encoder = Path.Combine(TestRoots.Fixtures, "wan/umt5_tiny");
        (Checkpoint text, Umt5Config inferred) = WanWeights.OpenTextEncoder(Path.Combine(encoder, "models_t5.safetensors"));
        using (text)
        {
            Assert.Equal(Umt5Config.Read(Path.Combine(encoder, "config.json")), inferred);
        }

        string vae = Path.Combine(TestRoots.Fixtures, "wan/vae_tiny");
        (Checkpoint video, WanVaeConfig sizes) = WanWeights.OpenVae(Path.Combine(vae, "vae.safetensors"));
        using (video)
        {
            Assert.Equal(WanVaeConfig.Read(Path.Combine(vae, "config.json")).BaseDim, sizes.BaseDim);
        }
    }

    [Fact]
    public void Files_of_another_part_or_kind_are_refused()
    {
        string path = Write("x.safetensors", new TensorSpecification("some.weight", 2));
        Assert.Contains("holds no transformer of Wan2.1 in a known layout: its 1 tensors start with some.weight", Refusal(() => WanWeights.OpenTransformer(path)), StringComparison.Ordinal);
        Assert.Contains("holds no text encoder", Refusal(() => WanWeights.OpenTextEncoder(path)), StringComparison.Ordinal);
        Assert.Contains("holds no video autoencoder", Refusal(() => WanWeights.OpenVae(path)), StringComparison.Ordinal);
        string images = Write("i2v.safetensors", new("blocks.0.self_attn.q.weight", 2, 2), new("patch_embedding.weight", 2, 36, 1, 2, 2));
        Assert.Contains("image-to-video", Refusal(() => WanWeights.OpenTransformer(images)), StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_extra_and_misshapen_tensors_are_listed_at_once()
    {
        WanTransformerConfig config = new() { Dim = 12, FeedForwardDim = 8, Heads = 2, Layers = 1, FrequencyDim = 4, TextDim = 6, TextLength = 4 };
        TensorSpecification[] tensors = [.. config.Tensors()];
        (Checkpoint weights, WanTransformerConfig completed) = WanWeights.OpenTransformer(Write("good.safetensors", tensors), config with { TextDim = 4096 });
        weights.Dispose();
        Assert.Equal(config, completed);
        string path = Write(
            "bad.safetensors",
            [.. tensors.Where(static tensor => tensor.Name is not ("head.modulation" or "blocks.0.norm3.bias" or "blocks.0.ffn.0.weight")),
             new("blocks.0.ffn.0.weight", 8, 11), new("blocks.1.modulation", 1, 6, 12)]);
        string message = Refusal(() => WanWeights.OpenTransformer(path, config));
        Assert.Contains("2 missing: blocks.0.norm3.bias; head.modulation", message, StringComparison.Ordinal);
        Assert.Contains("1 of another shape or type: blocks.0.ffn.0.weight F32 [8, 11], wanted [8, 12]", message, StringComparison.Ordinal);
        Assert.Contains("1 too many: blocks.1.modulation", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repackaged_text_encoder_may_carry_its_tokenizer_and_either_name_of_its_embedding()
    {
        Umt5Config config = new() { Dim = 4, FeedForwardDim = 6, Heads = 2, HeadDim = 2, Layers = 1, Vocabulary = 5 };
        SafetensorsWriter writer = new();
        foreach (TensorSpecification tensor in config.Tensors())
        {
            string name = tensor.Name == "token_embedding.weight" ? "encoder.embed_tokens.weight" : WanKeyTables.TransformersTextEncoder.ToFile(tensor.Name);
            writer.Add<float>(name, [.. tensor.Shape], new float[tensor.ElementCount]);
        }

        writer.Add<byte>(WanWeights.EmbeddedTokenizer, [3], new byte[3]);
        string path = Path.Combine(_folder, "umt5.safetensors");
        writer.Save(path);
        (Checkpoint weights, Umt5Config inferred) = WanWeights.OpenTextEncoder(path);
        using (weights)
        {
            Assert.Equal(config, inferred);
        }
    }

    /// <summary>Damage to names and shapes reaches the code that infers sizes and checks tensors, with and without a configuration.</summary>
    [Fact]
    public void Damaged_weights_give_one_exception_or_open()
    {
        WanTransformerConfig config = new() { Dim = 12, FeedForwardDim = 8, Heads = 2, Layers = 1, FrequencyDim = 4, TextDim = 6, TextLength = 4 };
        string path = Write("good.safetensors", [.. config.Tensors()]);
        byte[] valid = File.ReadAllBytes(path);
        int header = BitConverter.ToInt32(valid) + 8;
        ByteMutator mutator = new(FuzzCount.Seed(13));
        int count = FuzzCount.Or(1000);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            // Half of the damage stays within numbers and names of a header that still fits, so that it gets past the file's own checks.
            byte[] damaged = i % 2 == 0 ? mutator.Mutate(valid) : [.. valid];
            if (i % 2 == 1)
            {
                Random random = new(FuzzCount.Seed(i));
                int at = random.Next(8, header);
                damaged[at] = char.IsAsciiDigit((char)damaged[at]) ? (byte)random.Next('0', '9' + 1) : char.IsAsciiLetter((char)damaged[at]) ? (byte)'a' : damaged[at];
            }

            File.WriteAllBytes(path, damaged);
            try
            {
                WanWeights.OpenTransformer(path, i % 4 < 2 ? config : null).Weights.Dispose();
            }
            catch (IOException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, count / 2, count - 1);
    }

    [Fact]
    public void Folders_without_a_part_name_it()
    {
        Assert.Throws<DirectoryNotFoundException>(() => WanCheckpoint.Find(Path.Combine(_folder, "none")));
        WanCheckpoint empty = WanCheckpoint.Find(_folder);
        Assert.Equal(5, empty.Missing.Count);
        Assert.Contains("holds no transformer weights; missing are the transformer's weights, the transformer's config.json", Refusal(() => empty.OpenTransformer()), StringComparison.Ordinal);
        Assert.Contains("spiece.model", Refusal(() => empty.OpenTokenizer()), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "models_t5_a.pth"), "");
        File.WriteAllText(Path.Combine(_folder, "models_t5_b.safetensors"), "");
        Assert.Contains("models_t5_a.pth and models_t5_b.safetensors", Refusal(() => WanCheckpoint.Find(_folder)), StringComparison.Ordinal);
    }

    private static string Refusal(Action action) => Assert.Throws<CheckpointFormatException>(action).Message;

    private static string Refusal(Func<object> action) => Assert.Throws<CheckpointFormatException>(action).Message;

    private string Write(string file, params TensorSpecification[] tensors)
    {
        SafetensorsWriter writer = new();
        foreach (TensorSpecification tensor in tensors)
        {
            writer.Add<float>(tensor.Name, [.. tensor.Shape], new float[tensor.ElementCount]);
        }

        string path = Path.Combine(_folder, file);
        writer.Save(path);
        return path;
    }
}
