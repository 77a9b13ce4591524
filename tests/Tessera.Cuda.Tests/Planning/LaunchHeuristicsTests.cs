using System.Text;
using Tessera.Attention;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Planning;
using Tessera.Cuda.Tests.Backend;
using Tessera.Masks;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Cuda.Tests.Planning;

/// <summary>Shapes to launches, written down: a change of a heuristic is a change of this table.</summary>
public sealed class LaunchHeuristicsTests
{
    private const string Table =
        """
        shape                            device  mask      kernel                                      grid      threads shared   padded
        [1, 12, 32760, 128]              132 SM  dense     int8_d128_r128_fine_quantized               3072      256     58880    32768
        [1, 12, 32760, 128]              132 SM  64x64     int8_d128_r64_fine_quantized                6144      128     49664    32768
        [1, 40, 75600, 128]              132 SM  384x128   int8_d128_r128_fine_quantized               23640     256     58880    75648
        [1, 12, 32760, 128]              132 SM  bf16      bf16_d128_r128                              3072      256     108032   32768
        [1, 2, 1024, 128]                132 SM  dense     int8_d128_r64_fine_quantized                32        128     49664    1024
        [1, 2, 1024, 128]                2 SM    dense     int8_d128_r128_fine_quantized               16        256     58880    1024
        [2, 24, 17776, 64]               132 SM  dense     int8_d64_r64_fine_quantized                 13344     128     26624    17792
        [1, 1, 1, 40]                    132 SM  dense     int8_d64_r64_fine_quantized                 1         128     26624    128

        """;

    [Fact]
    public void Shapes_launch_as_written()
    {
        StringBuilder table = new("shape                            device  mask      kernel                                      grid      threads shared   padded\n");
        Add(table, new(1, 12, 32760, 32760, 128), 132, "dense");
        Add(table, new(1, 12, 32760, 32760, 128), 132, "64x64");
        Add(table, new(1, 40, 75600, 75600, 128), 132, "384x128");
        Add(table, new(1, 12, 32760, 32760, 128), 132, "bf16");
        Add(table, new(1, 2, 1024, 1024, 128), 132, "dense");
        Add(table, new(1, 2, 1024, 1024, 128), 2, "dense");
        Add(table, new(2, 24, 17776, 17776, 64), 132, "dense");
        Add(table, new(1, 1, 1, 1, 40), 132, "dense");

        Assert.Equal(Table.ReplaceLineEndings("\n"), table.ToString());
    }

    [Theory]
    [InlineData(32768, 2)]
    [InlineData(75648, 1)]
    [InlineData(1024, 95)]
    public void Heads_share_half_of_the_cache(int slots, int heads) =>
        Assert.Equal(heads, LaunchHeuristics.HeadsTogether(2L * slots * 128, SupportTests.Device() with { CacheBytes = 50_000_000 }));

    [Fact]
    public void Companions_cover_every_slot()
    {
        Assert.Equal(new LaunchShape(256, 12, 1, 256, 32), LaunchHeuristics.Rows("quantize_rows_int8_d128", 32768, 12));
        Assert.Equal((512, 12), (LaunchHeuristics.Values("quantize_values_int8_d128", 32768, 12) is var values ? (values.GridX, values.GridY) : default));
        Assert.Equal(new LaunchShape(128, 12, 1, 128, 0), LaunchHeuristics.Sums("channel_sums_d128", 512, 12));
        Assert.Equal(new LaunchShape(1, 3, 1, 128, 0), LaunchHeuristics.Sums("channel_sums_d128", 1, 3));
        Assert.Equal(new LaunchShape(12, 1, 1, 128, 0), LaunchHeuristics.Means("channel_means", 12));
    }

    private static void Add(StringBuilder table, AttentionShape shape, int multiprocessors, string mask)
    {
        QuantizationRecipe recipe = mask == "bf16" ? KnownRecipes.BFloat16 : KnownRecipes.Int8 with
        {
            // Tiles of other sizes cannot take probabilities against their maxima.
            Probability = mask == "384x128" ? KnownRecipes.Int8.Probability with { Reference = ProbabilityReference.RunningMaximum } : KnownRecipes.Int8.Probability,
        };
        AttentionPlan plan = BackendCase.Dense(shape, recipe);
        if (mask is "64x64" or "384x128")
        {
            BlockSize size = mask == "64x64" ? new(64, 64) : new(384, 128);
            BlockMaskBuilder builder = new(1, shape.QueryLength, shape.KeyLength, size);
            builder.KeepColumn(0, 0);
            plan = plan with { Mask = builder.Build() };
        }

        Assert.Null(PlanTranslation.Translate(plan, SupportTests.Device(90, multiprocessors), out PlannedAttention? planned));
        LaunchShape launch = LaunchHeuristics.Attend(planned!.Attend, planned.QueryTiles, shape.Batch * shape.Heads);
        string name = planned.Attend.Name.Split('_')[1] + planned.Attend.Name[planned.Attend.Name.IndexOf("_d", StringComparison.Ordinal)..];
        table.Append(FormattableString.Invariant(
            $"{shape,-32} {$"{multiprocessors} SM",-7} {mask,-9} {name,-43} {launch.GridX,-9} {launch.Threads,-7} {launch.SharedBytes,-8} {planned.QueryPaddedSlots}\n"));
    }
}
