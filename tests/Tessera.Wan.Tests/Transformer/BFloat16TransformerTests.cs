using Tessera.Neural.Products;
using Tessera.TestKit;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.Transformer;

/// <summary>The transformer with products of operands rounded to bfloat16.</summary>
public sealed class BFloat16TransformerTests
{
    /// <summary>
    /// The recording measured 1.6e-2 for all weights rounded to bfloat16. Here the activations are rounded with the same unit too, so that
    /// errors as large again may come, at worst all of one sign: twice as much.
    /// </summary>
    private const double Tolerance = 2 * 1.6e-2;

    /// <summary>Thirty times what binary32 reaches: below it nothing would have been rounded.</summary>
    private const double Least = 30 * 2e-5;

    [DataFact("wan/dit_tiny/io.safetensors", isFixture: true)]
    public void Velocities_deviate_by_the_rounding_and_no_more()
    {
        float[]? first = null;
        foreach (int threads in new[] { 1, 3 })
        {
            using TransformerFixture fixture = new("dit_tiny", threads, ProductPrecision.BFloat16);
            using TransformerContext text = fixture.Text();
            float[] velocity = fixture.Velocity(text);
            double deviation = Golden.LargestDifference(fixture.Io.ReadSingle("output"), velocity);
            Assert.InRange(deviation, Least, Tolerance);
            first ??= velocity;
            NumericAssert.BitwiseEqual(first, velocity);
        }
    }
}
