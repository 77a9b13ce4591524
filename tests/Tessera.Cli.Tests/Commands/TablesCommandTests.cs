using System.Text.Json;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class TablesCommandTests
{
    [Fact]
    public void LocalityShowsOursBesideTheirs()
    {
        JsonElement row = CommandRun.Of("tables", "locality", "--json").Succeeded().Json.GetProperty("rows")[3];

        Assert.Equal("HWF", row.GetProperty("printedOrder").GetString());
        Assert.Equal("FHW", row.GetProperty("correctedOrder").GetString());
        Assert.Equal(row.GetProperty("published").GetProperty("correctedMass").GetDouble(), row.GetProperty("correctedMass").GetDouble(), 2);
    }

    [Fact]
    public void ProbabilityHasARowForEachFormat()
    {
        string output = CommandRun.Of("tables", "probability").Succeeded().Output;

        Assert.Contains("s8 x127 truncated (released)", output, StringComparison.Ordinal);
        Assert.Contains("(1.1e-1)", output, StringComparison.Ordinal);
        Assert.Contains("e4m3 x448", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Float8ShowsRecordedAndMeasuredFigures()
    {
        JsonElement report = CommandRun.Of("tables", "fp8", "--json").Succeeded().Json;

        Assert.Equal("cpu", report.GetProperty("backend").GetString());
        JsonElement[] rows = [.. report.GetProperty("rows").EnumerateArray()];
        Assert.True(rows.Length >= 20);
        JsonElement scaled = rows.Single(static row => row.GetProperty("setting").GetString() == "Gaussian, P at 448");
        Assert.Equal(scaled.GetProperty("recorded").GetDouble(), scaled.GetProperty("measured").GetDouble(), 1e-2);
    }
}
