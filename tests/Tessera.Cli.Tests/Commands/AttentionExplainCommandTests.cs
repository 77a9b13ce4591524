using System.Text.Json;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class AttentionExplainCommandTests
{
    private static readonly string[] Common = ["attention", "explain", "--input", "structured", "--grid", "8x12x14", "--density", "0.2"];

    [Theory]
    [InlineData(0, "spatial")]
    [InlineData(1, "temporal")]
    [InlineData(2, "column")]
    [InlineData(3, "row")]
    public void HeadsAreNamedAndTheirBestOrderIsChosen(int head, string kind)
    {
        JsonElement report = CommandRun.Of([.. Common, "--head", $"{head}", "--json"]).Succeeded().Json;

        Assert.Equal(kind, report.GetProperty("kind").GetString());
        JsonElement[] orders = [.. report.GetProperty("orders").EnumerateArray()];
        Assert.Equal(6, orders.Length);
        double best = orders.Max(static order => order.GetProperty("keptMass").GetDouble());
        JsonElement chosen = orders.Single(order => order.GetProperty("order").GetString() == report.GetProperty("order").GetString());
        Assert.Equal(best, chosen.GetProperty("keptMass").GetDouble());
        Assert.InRange(report.GetProperty("density").GetDouble(), 0.05, 0.35);
        Assert.Equal(4, report.GetProperty("scales").GetArrayLength());
    }

    [Fact]
    public void TheTerminalShowsTwoMapsAndWords()
    {
        string output = CommandRun.Of([.. Common, "--head", "1"]).Succeeded().Output;

        Assert.Contains("a temporal head", output, StringComparison.Ordinal);
        Assert.Contains("same place in all frames", output, StringComparison.Ordinal);
        Assert.Contains("(chosen)", output, StringComparison.Ordinal);
        // 1344 tokens are 21 blocks: the drawing has 21 lines of two maps.
        Assert.True(output.Split('\n').Count(static line => line.Contains('@', StringComparison.Ordinal) || line.Contains('#', StringComparison.Ordinal)) >= 10, output);
    }

    [Fact]
    public void DrawingsAreWritten()
    {
        using TemporaryFolder folder = new();

        CommandRun.Of([.. Common, "--head", "1", "--output", folder.File("head.png")]).Succeeded();
        CommandRun.Of([.. Common, "--head", "1", "--output", folder.File("head.html")]).Succeeded();

        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(folder.File("head.png"))[..4]);
        string page = File.ReadAllText(folder.File("head.html"));
        Assert.Contains("a temporal head", page, StringComparison.Ordinal);
        Assert.Contains("data:image/png;base64,", page, StringComparison.Ordinal);
        Assert.Equal(["head.html", "head.png"], folder.Files);
    }

    [Fact]
    public void AMissingHeadNamesThoseThereAre() => CommandRun.Of([.. Common, "--head", "7"]).FailedWith(2, "head 7", "heads 0 to 6");

    [Fact]
    public void AnUnknownDrawingFormatIsRefused() => CommandRun.Of([.. Common, "--output", "head.svg"]).FailedWith(1, "head.svg", ".html", ".png");
}
