using Tessera.Neural.Checkpoints;
using Tessera.TestKit;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Conversion;
using Tessera.Wan.Tests.Transformer;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.Conversion;

public sealed class ConvertedTransformerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-converted-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>
    /// A transformer of narrow weights computes what one of the same numbers in binary32 does, to the bit, and is as far from the recorded
    /// output as rounding of its weights explains: a matrix of relative error u gives rows of relative error u, and the products of a block
    /// one behind the other add up to a few of them.
    /// </summary>
    [DataTheory("wan/dit_tiny/io.safetensors", isFixture: true)]
    [InlineData(WeightFormat.BFloat16, 1.0 / 512)]
    [InlineData(WeightFormat.Float16, 1.0 / 4096)]
    [InlineData(WeightFormat.Float8, 1.0 / 32)]
    [InlineData(WeightFormat.Int8, 1.0 / 127)]
    public void Narrow_weights_give_the_recorded_output_to_their_rounding(WeightFormat format, double unit)
    {
        const double ProductsInARow = 6;
        foreach (string name in new[] { "dit_tiny", "dit_hd128" })
        {
            using TransformerFixture fixture = new(name);
            string source = Path.Combine(TestRoots.Fixtures, "wan", name, "diffusion_pytorch_model.safetensors");
            string narrow = Convert(source, fixture.Config, format);
            string wide = Convert(narrow, fixture.Config, format: null);

            float[] output = Velocity(narrow, fixture);

            NumericAssert.BitwiseEqual(Velocity(wide, fixture), output);
            float[] recorded = fixture.Io.ReadSingle("output");
            double error = Math.Sqrt(
                recorded.Zip(output, static (exact, actual) => Math.Pow((double)exact - actual, 2)).Sum()
                    / recorded.Sum(static exact => (double)exact * exact));
            Assert.InRange(error, unit / 100, ProductsInARow * unit);
        }
    }

    private string Convert(string source, WanTransformerConfig config, WeightFormat? format)
    {
        string target = Path.Combine(_folder, $"{Path.GetFileNameWithoutExtension(source)}-{format}.safetensors");
        using Checkpoint weights = WanWeights.OpenTransformer(source, config).Weights;
        new WeightConversion(weights, format).Save(target);
        return target;
    }

    private static float[] Velocity(string path, TransformerFixture fixture)
    {
        using Checkpoint weights = WanWeights.OpenTransformer(path, fixture.Config).Weights;
        using WanTransformer model = new(weights, fixture.Config);
        using TransformerContext text = model.EncodeText(
            fixture.Io.ReadSingle("input.context"), (int)fixture.Io["input.context"].Shape[0]);
        using DenseSelfAttention attention = new();
        float[] velocity = new float[fixture.Latent.Length];
        _ = model.Forward(fixture.Inputs(text), attention, velocity);
        return velocity;
    }
}
