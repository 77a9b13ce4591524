using System.Text.Json;
using Tessera.Cli.Benchmarking;
using Tessera.Masks;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class AttentionBenchCommandTests
{
    private static readonly string[] Common = ["attention", "bench", "--length", "512", "--heads", "2", "--dim", "32", "--repeat", "3"];

    [Fact]
    public void JsonHoldsPeakAndEveryCase()
    {
        JsonElement report = CommandRun.Of([.. Common, "--formats", "fp32,int8,k4v4", "--densities", "1,0.25", "--json"]).Succeeded().Json;

        Assert.True(report.GetProperty("peakGflops").GetDouble() > 1);
        JsonElement[] cases = [.. report.GetProperty("cases").EnumerateArray()];
        Assert.Equal(
            ["fp32 1", "fp32 0.25", "int8 1", "int8 0.25", "k4v4 1", "k4v4 0.25"],
            cases.Select(static one => FormattableString.Invariant($"{one.GetProperty("format").GetString()} {one.GetProperty("density").GetDouble()}")));
        foreach (JsonElement one in cases)
        {
            double seconds = one.GetProperty("medianSeconds").GetDouble();
            double effective = one.GetProperty("effectiveGflops").GetDouble();
            double operations = 4.0 * 2 * 512 * 512 * 32;
            Assert.True(seconds > 0 && one.GetProperty("cpuSeconds").GetDouble() > 0);
            Assert.Equal(operations / seconds / 1e9, effective, effective * 1e-9);
            // 512 tokens are 8 x 8 blocks, so a quarter is exactly two a row.
            Assert.Equal(effective * one.GetProperty("density").GetDouble(), one.GetProperty("gflops").GetDouble(), effective * 1e-9);
            Assert.Equal(one.GetProperty("density").GetDouble(), one.GetProperty("computedDensity").GetDouble(), 12);
            Assert.True(one.GetProperty("stages").GetProperty("attend").GetDouble() > 0);
        }
    }

    [Fact]
    public void DenseFloat32IsTheBaselineEvenWhenNotAskedFor()
    {
        JsonElement report = CommandRun.Of([.. Common, "--formats", "int8", "--densities", "0.5", "--json"]).Succeeded().Json;

        JsonElement only = Assert.Single(report.GetProperty("cases").EnumerateArray());
        double ratio = report.GetProperty("denseFloat32Seconds").GetDouble() / only.GetProperty("medianSeconds").GetDouble();
        Assert.Equal(ratio, only.GetProperty("speedUp").GetDouble(), ratio * 1e-9);
        Assert.Equal(Backends.Cpu.CpuBackend.PreferredInt8.Name, only.GetProperty("recipe").GetString());
    }

    [Fact]
    public void TheTableNamesThePeak() => Assert.Contains("multiply-add peak", CommandRun.Of([.. Common, "--formats", "fp32", "--densities", "1"]).Succeeded().Output, StringComparison.Ordinal);

    [Theory]
    [InlineData("--formats", "fp64", "'fp64'")]
    [InlineData("--densities", "0.5,2", "'2'")]
    [InlineData("--repeat", "0", "'0'")]
    [InlineData("--dim", "300", "'300'")]
    public void AbsurdSettingsAreRefused(string option, string value, string named) => CommandRun.Of("attention", "bench", option, value).FailedWith(1, named);

    [Theory]
    [InlineData(64, 0.25, 1)]
    [InlineData(1000, 0.25, 4)]
    [InlineData(4096, 0.25, 16)]
    [InlineData(4096, 0.001, 1)]
    public void EveryRowOfADrawnMaskKeepsItsDiagonalAndTheSameNumberOfBlocks(int length, double density, int kept)
    {
        BlockMask mask = BlockLottery.Draw(2, length, density);

        for (int head = 0; head < 2; head++)
        {
            for (int row = 0; row < mask.QueryBlocks; row++)
            {
                Assert.Equal(kept, mask.KeptInRow(head, row));
                Assert.Equal(BlockCoverage.Full, mask.Coverage(head, row, row));
            }
        }
    }
}
