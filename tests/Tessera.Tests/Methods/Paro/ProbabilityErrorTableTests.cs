using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Methods.Paro;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods.Paro;

public class ProbabilityErrorTableTests
{
    [Fact]
    public void Twenty_recorded_figures_follow_from_two_properties_of_the_data()
    {
        IReadOnlyList<ProbabilityErrorRow> table = ProbabilityErrorTable.Compute();
        Assert.Equal(6, table.Count);
        foreach (ProbabilityErrorRow row in table.Where(static row => row.Published is not null))
        {
            // Two digits are up to 5 % apart, and another draw of 65,536 outputs moves an error by a few percent; the figures span a factor of 300.
            foreach ((double ours, double published) in Pairs(row))
            {
                Assert.True(Math.Abs(Math.Log(ours / published)) < 0.12, $"{row}");
            }
        }
    }

    [Fact]
    public void Tile_reference_and_quantised_denominator_each_help_integers()
    {
        foreach (ProbabilityErrors row in ProbabilityErrorTable.Compute(256, 64).Take(5).Select(static row => row.Ours))
        {
            Assert.True(row.TileExact < row.RunningExact, $"{row}");
            Assert.True(row.TileQuantized < row.TileExact, $"{row}");
            Assert.True(row.RunningQuantized < row.RunningExact, $"{row}");
        }
    }

    [Fact]
    public void A_quantised_denominator_gains_by_the_mean_of_V_only()
    {
        foreach (ProbabilityErrors row in ProbabilityErrorTable.Compute(256, 64, valueMean: 0).Take(5).Select(static row => row.Ours))
        {
            Assert.True(row.TileQuantized >= 0.99 * row.TileExact, $"{row}");
            Assert.True(row.RunningQuantized >= 0.99 * row.RunningExact, $"{row}");
        }
    }

    [Theory]
    [InlineData(NumberFormat.UInt8, CodeRounding.Nearest)]
    [InlineData(NumberFormat.UInt4, CodeRounding.Nearest)]
    [InlineData(NumberFormat.Int8, CodeRounding.TowardZero)]
    [InlineData(NumberFormat.Float8E4M3, CodeRounding.Nearest)]
    public void Direct_weights_measure_what_the_reference_backend_computes(NumberFormat format, CodeRounding rounding)
    {
        // Same statistics from other numbers: the online softmax of the specification against the table's closed form.
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 320, 320, 64), seed: 3);
        double[] exact = ReferenceAttention.Dense(inputs.Inputs).Output;
        ProbabilityErrors table = ProbabilityErrorTable.Compute(320, 64, seed: 5, scoreDeviation: 1, valueMean: 0).Single(row => row.Format.StartsWith(Prefix(format), StringComparison.Ordinal) && row.Format.Contains("trunc", StringComparison.Ordinal) == (rounding == CodeRounding.TowardZero)).Ours;
        double[] ours = [table.RunningExact, table.TileExact, table.RunningQuantized, table.TileQuantized];
        for (int combination = 0; combination < 4; combination++)
        {
            ProbabilityFormat probability = new(
                format,
                combination % 2 == 1 ? ProbabilityReference.TileRowMaximum : ProbabilityReference.RunningMaximum,
                combination >= 2 ? SoftmaxDenominator.Quantized : SoftmaxDenominator.Exact,
                rounding);
            AttentionPlan plan = AttentionPlan.Dense(inputs.Shape) with { Recipe = new QuantizationRecipe { Name = "p", Probability = probability } };
            double reference = AttentionError.Compare(exact, ReferenceAttention.Compute(plan, inputs.Inputs).Output).RelativeL2;
            Assert.True(Math.Abs(Math.Log(ours[combination] / reference)) < 0.15, $"{probability}: table {ours[combination]}, reference backend {reference}");
        }
    }

    private static string Prefix(NumberFormat format) => format switch
    {
        NumberFormat.UInt8 => "u8",
        NumberFormat.UInt4 => "u4",
        NumberFormat.Int8 => "s8",
        _ => "e4m3",
    };

    private static IEnumerable<(double Ours, double Published)> Pairs(ProbabilityErrorRow row) =>
    [
        (row.Ours.RunningExact, row.Published!.RunningExact),
        (row.Ours.TileExact, row.Published.TileExact),
        (row.Ours.RunningQuantized, row.Published.RunningQuantized),
        (row.Ours.TileQuantized, row.Published.TileQuantized),
    ];
}
