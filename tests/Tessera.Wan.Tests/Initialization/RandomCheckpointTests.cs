using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Initialization;
using Tessera.Wan.Text;
using Tessera.Wan.TextEncoder;
using Xunit;

namespace Tessera.Wan.Tests.Initialization;

public sealed class RandomCheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-random-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_written_model_is_complete_and_encodes_a_prompt()
    {
        RandomCheckpoint random = new(WanModelSizes.Tiny, seed: 5, transformerType: TensorDataType.BFloat16);
        random.Write(_folder);
        WanCheckpoint model = WanCheckpoint.Find(_folder);
        Assert.Empty(model.Missing);
        (Checkpoint transformer, WanTransformerConfig config) = model.OpenTransformer();
        (Checkpoint encoder, Umt5Config sizes) = model.OpenTextEncoder();
        (Checkpoint vae, WanVaeConfig _) = model.OpenVae();
        using (transformer)
        using (encoder)
        using (vae)
        {
            Assert.Equal(WanModelSizes.Tiny.Transformer, config);
            Assert.Equal(WanModelSizes.Tiny.TextEncoder, sizes);
            Assert.Equal(random.ByteLength, Bytes(transformer) + Bytes(encoder) + Bytes(vae));
            Assert.Equal(TensorDataType.BFloat16, transformer.Describe("blocks.0.ffn.0.weight").DataType);
            PromptTokenizer tokenizer = model.OpenTokenizer();
            tokenizer.RequireVocabulary(sizes.Vocabulary);
            Assert.True(tokenizer.Unigram.Model.HasUmt5Layout);
            float[] rows = new Umt5Encoder(encoder, sizes).Encode(tokenizer.Encode("a red fox 狐"));

            // Weights are scaled so that features stay near 1.
            Assert.InRange(Math.Sqrt(rows.Average(static value => value * value)), 0.5, 2);
        }
    }

    [Fact]
    public void Equal_seeds_give_equal_bytes_and_parts_do_not_change_each_other()
    {
        string all = Path.Combine(_folder, "all");
        string part = Path.Combine(_folder, "part");
        string other = Path.Combine(_folder, "other");
        new RandomCheckpoint(WanModelSizes.Tiny, seed: 1).Write(all);
        new RandomCheckpoint(WanModelSizes.Tiny, seed: 1, WanParts.Vae).Write(part);
        new RandomCheckpoint(WanModelSizes.Tiny, seed: 2, WanParts.Vae).Write(other);
        Assert.Equal(["Wan2.1_VAE.safetensors"], Directory.EnumerateFileSystemEntries(part).Select(Path.GetFileName));
        byte[] bytes = File.ReadAllBytes(Path.Combine(all, "Wan2.1_VAE.safetensors"));
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(part, "Wan2.1_VAE.safetensors")));
        Assert.NotEqual(bytes, File.ReadAllBytes(Path.Combine(other, "Wan2.1_VAE.safetensors")));
    }

    [Fact]
    public void Other_types_are_refused_and_writing_can_be_cancelled()
    {
        Assert.Throws<NotSupportedException>(() => new RandomCheckpoint(WanModelSizes.Tiny, 0, transformerType: TensorDataType.Int8));
        Assert.Throws<OperationCanceledException>(
            () => new RandomCheckpoint(WanModelSizes.Tiny, 0).Write(_folder, cancellationToken: new CancellationToken(canceled: true)));
        Assert.Empty(Directory.EnumerateFiles(_folder));
        Assert.Equal(2 * 5_680_910_336, new RandomCheckpoint(WanModelSizes.Small, 0, WanParts.TextEncoder).ByteLength);
        Assert.Equal(4 * 1_418_996_800L, new RandomCheckpoint(WanModelSizes.Small, 0, WanParts.Transformer).ByteLength);
    }

    private static long Bytes(Checkpoint weights) => weights.Names.Sum(name => weights.Describe(name).ByteLength);
}
