using System.Text.Json;
using Tessera.Media;
using Tessera.Media.Frames;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class DemoCommandTests
{
    [Fact]
    public async Task TheDemoWritesAReportAndAnAnimationAndATable()
    {
        using TemporaryFolder folder = new();

        JsonElement report = CommandRun.Of("demo", "--grid", "4x8x10", "--heads", "3", "--output", folder.File("demo"), "--json").Succeeded().Json;

        Assert.Equal([.. new[] { "demo", Path.Combine("demo", "attention.png"), Path.Combine("demo", "index.html") }.Order()], folder.Files);
        VideoFrames animation = await ClipFile.ReadAsync(folder.File("demo/attention.png"));
        Assert.Equal(4, animation.Count);
        Assert.Equal((3 * 80) + (2 * 6), animation.Width);
        Assert.Superset(
            new HashSet<string?>(Methods.KnownMethods.Names),
            new HashSet<string?>(report.GetProperty("rows").EnumerateArray().Select(static row => row.GetProperty("method").GetString())));
        Assert.True(new FileInfo(report.GetProperty("page").GetString()!).Length > 10_000);
    }

    [Fact]
    public void TheTextEndsWithTheFileToOpen()
    {
        using TemporaryFolder folder = new();

        string output = CommandRun.Of("demo", "--grid", "2x4x4", "--heads", "1", "--output", folder.File("demo")).Succeeded().Output;

        Assert.EndsWith($"open {folder.File("demo/index.html")} in a browser", output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUncompressedClipNeedsNoOtherProgram()
    {
        using TemporaryFolder folder = new();
        await ClipFile.WriteAsync(SyntheticClip.Create(new SyntheticClipOptions { Count = 3, Height = 40, Width = 56 }), folder.File("clip.y4m"));

        JsonElement report = CommandRun.Of("demo", "--input", folder.File("clip.y4m"), "--heads", "1", "--output", folder.File("demo"), "--json").Succeeded().Json;

        Assert.Equal("3x5x7", report.GetProperty("input").GetProperty("grid").GetString());
    }

    [DataFact("clips/carphone_qcif.mp4")]
    public void ARealClipIsDecodedAndFittedToTheGrid()
    {
        JsonElement report = CommandRun.Of(
            "attention", "run", "--input", Path.Combine(TestRoots.Data, "clips", "carphone_qcif.mp4"), "--grid", "4x6x8", "--heads", "2", "--method", "paro", "--json").Succeeded().Json;

        Assert.Equal("carphone_qcif.mp4", report.GetProperty("input").GetProperty("source").GetString());
        Assert.Equal(4 * 6 * 8, report.GetProperty("input").GetProperty("tokens").GetInt32());
    }

    [Fact]
    public void TensorsAreNoClip()
    {
        using TemporaryFolder folder = new();

        CommandRun.Of("demo", "--input", "structured", "--grid", "2x2x2", "--output", folder.File("demo")).FailedWith(2, "needs a clip", "compare");
    }

    [Fact]
    public void AFileThatIsNoClipIsRefused()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.File("clip.y4m"), "not a clip");

        CommandRun.Of("attention", "run", "--input", folder.File("clip.y4m"), "--method", "dense").FailedWith(2, "clip.y4m");
        CommandRun.Of("attention", "run", "--input", folder.File("clip.y4m"), "--grid", "2x2x2", "--text", "3@back", "--method", "dense").FailedWith(1, "text");
    }

    [Fact]
    public void ACancelledDemoWritesNothing()
    {
        using TemporaryFolder folder = new();
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();

        CommandRun.Of(cancelled.Token, "demo", "--grid", "2x4x4", "--output", folder.File("demo")).FailedWith(130, "cancelled");

        Assert.Equal(["demo"], folder.Files);
    }
}
