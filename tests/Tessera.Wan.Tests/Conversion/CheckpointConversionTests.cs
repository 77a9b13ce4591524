using Tessera.Neural.Checkpoints;
using Tessera.Numerics;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Conversion;
using Tessera.Wan.Initialization;
using Tessera.Wan.TextEncoder;
using Xunit;

namespace Tessera.Wan.Tests.Conversion;

public sealed class CheckpointConversionTests : IDisposable
{
    private const string Fixture = "wan/pipeline_tiny/run.json";
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-convert-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Each number is within the rounding of its format; what is not converted keeps its bits.</summary>
    [Theory]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Float16)]
    [InlineData(WeightFormat.Float8)]
    [InlineData(WeightFormat.Int8)]
    public void Numbers_are_rounded_once_to_their_format(WeightFormat format)
    {
        string source = Path.Combine(_folder, "source");
        new RandomCheckpoint(WanModelSizes.Tiny, 5).Write(source);
        string target = Path.Combine(_folder, "target");
        using (CheckpointConversion conversion = new(WanCheckpoint.Find(source), format))
        {
            conversion.Write(target);
        }

        WanCheckpoint converted = WanCheckpoint.Find(target);
        Assert.Empty(converted.Missing);
        (Checkpoint before, WanTransformerConfig sizes) = WanCheckpoint.Find(source).OpenTransformer();
        (Checkpoint after, WanTransformerConfig sizesAfter) = converted.OpenTransformer();
        using (before)
        using (after)
        {
            Assert.Equal(sizes, sizesAfter);
            Assert.Equal(before.Names.Order(), after.Names.Order());
            foreach (string name in before.Names)
            {
                Compare(name, before[name], after[name], format);
            }
        }

        (Checkpoint text, Umt5Config config) = converted.OpenTextEncoder();
        using (text)
        {
            Assert.Equal(WanModelSizes.Tiny.TextEncoder, config);
            Assert.All(new Umt5Encoder(text, config).Encode([5, 1]), static value => Assert.True(float.IsFinite(value)));
        }

        converted.OpenVae().Weights.Dispose();
        Assert.NotNull(converted.OpenTokenizer());
    }

    /// <summary>Diffusers' names, shards and .pth files end as the same numbers in the original layout.</summary>
    [DataFact(Fixture, isFixture: true)]
    public void Every_layout_converts_to_the_original_one()
    {
        string root = Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny");
        foreach (string layout in new[] { "original", "diffusers" })
        {
            string target = Path.Combine(_folder, layout);
            using (CheckpointConversion conversion = new(WanCheckpoint.Find(Path.Combine(root, layout)), WeightFormat.BFloat16))
            {
                Assert.Equal(5, conversion.Files.Count);
                conversion.Write(target);
            }

            Assert.Empty(WanCheckpoint.Find(target).Missing);
        }

        foreach (string file in (string[])["diffusion_pytorch_model.safetensors", "Wan2.1_VAE.safetensors", "models_t5_umt5-xxl-enc.safetensors"])
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "original", file)), File.ReadAllBytes(Path.Combine(_folder, "diffusers", file)));
        }
    }

    [Fact]
    public void Numbers_that_have_no_code_are_named_and_leave_no_file()
    {
        SafetensorsWriter writer = new();
        writer.Add<float>("blocks.0.a.weight", [1, 3], new float[] { 1, float.NaN, 2 });
        writer.Add<float>("blocks.0.b.weight", [1, 2], new float[] { 1e6f, 0 });
        string path = Path.Combine(_folder, "x.safetensors");
        writer.Save(path);
        using Checkpoint weights = new(SafetensorsFile.Open(path), KeyTable.Identity("test"));
        string target = Path.Combine(_folder, "y.safetensors");
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            string message = Assert.Throws<CheckpointFormatException>(() => new WeightConversion(weights, format).Save(target)).Message;
            Assert.Contains("'blocks.0.a.weight' holds NaN", message, StringComparison.Ordinal);
        }

        Assert.Equal(["x.safetensors"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void Rows_of_zeros_and_numbers_beyond_binary16_are_told_apart()
    {
        SafetensorsWriter writer = new();
        writer.Add<float>("blocks.0.a.weight", [2, 2], new float[] { 0, 0, 1e6f, -1e6f });
        string path = Path.Combine(_folder, "x.safetensors");
        writer.Save(path);
        using Checkpoint weights = new(SafetensorsFile.Open(path), KeyTable.Identity("test"));
        string target = Path.Combine(_folder, "y.safetensors");
        string message = Assert.Throws<CheckpointFormatException>(() => new WeightConversion(weights, WeightFormat.Float16).Save(target)).Message;
        Assert.Contains("too large for f16", message, StringComparison.Ordinal);
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Float8, WeightFormat.Int8])
        {
            new WeightConversion(weights, format).Save(target);
            using Checkpoint converted = new(SafetensorsFile.Open(target), KeyTable.Identity("test"));
            float[] values = converted["blocks.0.a.weight"].ReadSingle();
            Assert.Equal([0, 0], values[..2]);
            Assert.All(values[2..], static value => Assert.Equal(1e6f, Math.Abs(value), 0.1f));
        }
    }

    private static void Compare(string name, StoredTensor before, StoredTensor after, WeightFormat format)
    {
        bool isMatrix = before.Shape.Count > 1 && name.EndsWith(".weight", StringComparison.Ordinal);
        bool converts = isMatrix && (format is WeightFormat.BFloat16 or WeightFormat.Float16 || name.StartsWith("blocks.", StringComparison.Ordinal));
        float[] exact = before.ReadSingle();
        float[] rounded = after.ReadSingle();
        Assert.Equal(converts && format == WeightFormat.Int8 ? before.Rows : converts && format == WeightFormat.Float8 ? 1 : 0, after.Scales.Length);
        for (int i = 0; i < exact.Length; i++)
        {
            float expected = !converts ? exact[i] : format switch
            {
                WeightFormat.BFloat16 => (float)(BFloat16)exact[i],
                WeightFormat.Float16 => (float)(Half)exact[i],
                WeightFormat.Float8 => (float)(Float8E4M3)(exact[i] / after.Scales[0]) * after.Scales[0],
                _ => MathF.Round(exact[i] / after.Scales[(int)(i / before.RowLength)]) * after.Scales[(int)(i / before.RowLength)],
            };
            Assert.Equal(expected, rounded[i]);
        }

        // The scales are those that the formats' largest numbers need.
        if (after.Scales.Length == 1)
        {
            Assert.Equal(exact.Max(Math.Abs) / 448, after.Scales[0]);
        }
        else if (after.Scales.Length > 1)
        {
            Assert.Equal(exact.Take((int)before.RowLength).Max(Math.Abs) / 127, after.Scales[0]);
        }
    }
}
