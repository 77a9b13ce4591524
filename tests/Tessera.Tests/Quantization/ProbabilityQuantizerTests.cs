using Tessera.Numerics;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Quantization;

public sealed class ProbabilityQuantizerTests
{
    [Theory]
    [InlineData(NumberFormat.UInt8, 0, 255, 128, 64)]
    [InlineData(NumberFormat.UInt7, 0, 127, 64, 32)]
    [InlineData(NumberFormat.UInt4, 0, 15, 8, 4)]
    [InlineData(NumberFormat.Int8, 0, 127, 64, 32)]
    [InlineData(NumberFormat.Float8E4M3, 0, 448, 224, 112)]
    [InlineData(NumberFormat.Float8E4M3, 256, 256, 128, 64)]
    [InlineData(NumberFormat.Float8E5M2, 0, 57344, 28672, 14336)]
    [InlineData(NumberFormat.Float32, 0, 1, 0.5, 0.25)]
    public void Codes_of_one_a_half_and_a_quarter(NumberFormat format, float scale, double one, double half, double quarter)
    {
        ProbabilityQuantizer quantizer = new(new ProbabilityFormat(format, Scale: scale));
        Assert.Equal((one, half, quarter), (quantizer.Code(0), quantizer.Code(-1), quantizer.Code(-2)));
        Assert.Equal(1.0, quantizer.Quantize(0));
        Assert.Equal(0.0, quantizer.Code(double.NegativeInfinity));
    }

    [Fact]
    public void Truncation_drops_what_nearest_rounds()
    {
        ProbabilityQuantizer truncating = new(KnownRecipes.ParoReleased.Probability);
        Assert.Equal(63, truncating.Code(-1));
        Assert.Equal(126, truncating.CodeOfProbability(126.999 / 127));
        Assert.Equal(63 / 127.0, truncating.Quantize(-1));
        Assert.Equal(127, new ProbabilityQuantizer(new ProbabilityFormat(NumberFormat.Int8)).CodeOfProbability(126.999 / 127));
    }

    [Fact]
    public void The_denominator_sums_what_the_format_says()
    {
        ProbabilityFormat quantized = new(NumberFormat.UInt4, Denominator: SoftmaxDenominator.Quantized);
        Assert.Equal(3 / 15.0, new ProbabilityQuantizer(quantized).DenominatorTerm(Math.Log2(0.21)));
        Assert.Equal(0.21, new ProbabilityQuantizer(quantized with { Denominator = SoftmaxDenominator.Exact }).DenominatorTerm(Math.Log2(0.21)), 1e-15);
    }

    [Fact]
    public void Wider_formats_round_the_probability_itself()
    {
        double probability = 1 / 3.0;
        Assert.Equal((float)probability, new ProbabilityQuantizer(ProbabilityFormat.Float32).CodeOfProbability(probability));
        Assert.Equal((double)(Half)probability, new ProbabilityQuantizer(new(NumberFormat.Float16)).CodeOfProbability(probability));
        Assert.Equal((double)(BFloat16)probability, new ProbabilityQuantizer(new(NumberFormat.BFloat16)).CodeOfProbability(probability));
    }

    [Theory]
    [InlineData(NumberFormat.UInt8)]
    [InlineData(NumberFormat.UInt4)]
    [InlineData(NumberFormat.Float8E4M3)]
    public void Error_is_at_most_half_a_code(NumberFormat format)
    {
        ProbabilityQuantizer quantizer = new(new ProbabilityFormat(format));
        for (int i = 0; i <= 4096; i++)
        {
            double probability = i / 4096.0;
            double step = format.IsInteger() ? 1 / (double)format.MaximumCode() : Math.Max(probability / 8, Math.Pow(2, -9) / 448);
            Assert.InRange(quantizer.Dequantize(quantizer.CodeOfProbability(probability)) - probability, -0.5000001 * step, 0.5000001 * step);
        }
    }

    [Fact]
    public void Impossible_formats_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ProbabilityQuantizer(new(NumberFormat.Float8E4M3, Rounding: CodeRounding.TowardZero)));
        Assert.Throws<ArgumentException>(() => new ProbabilityQuantizer(new(NumberFormat.UInt4, Scale: 16)));
        Assert.Throws<ArgumentException>(() => new ProbabilityQuantizer(new(NumberFormat.Float8E4M3, Scale: 500)));
    }
}
