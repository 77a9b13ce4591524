using System.Text.Json;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Serialization;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class PlanCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _plan;

    public PlanCommandTests() => _plan = _folder.File("plan.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ACalibratedPlanIsShownAndRuns()
    {
        JsonElement made = Calibrate("--density", "0.3", "--quantization", "int8", "--model", "toy").Json;
        JsonElement shown = CommandRun.Of("plan", "show", _plan, "--json").Succeeded().Json;
        JsonElement run = CommandRun.Of("attention", "run", "--input", "structured", "--heads", "2", "--grid", "5x8x10", "--plan", _plan, "--json").Succeeded().Json;

        Assert.Equal("toy", shown.GetProperty("model").GetString());
        Assert.Equal(made.GetProperty("hash").GetString(), shown.GetProperty("hash").GetString());
        Assert.Equal(2, shown.GetProperty("keptMass")[0].GetArrayLength());
        Assert.Equal(shown.GetProperty("plans")[0].GetProperty("density").GetDouble(), run.GetProperty("plan").GetProperty("density").GetDouble(), 12);
        // Kept mass was measured when the plan was made, on the same input.
        Assert.Equal(shown.GetProperty("keptMass")[0][1].GetDouble(), run.GetProperty("headKeptMass")[1].GetDouble(), 5);
    }

    [Fact]
    public void ShowPrintsOrdersPerHead()
    {
        Calibrate();

        string output = CommandRun.Of("plan", "show", _plan).Succeeded().Output;

        Assert.Contains("kept mass", output, StringComparison.Ordinal);
        Assert.Contains("sha256", output, StringComparison.Ordinal);
        Assert.Contains("arXiv 2506.16054", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("paro")]
    [InlineData("sta")]
    [InlineData("fps")]
    public void JsonAndBackGivesTheSameFile(string method)
    {
        Calibrate("--method", method, "--density", "0.5");

        CommandRun.Of("plan", "convert", _plan, "--output", _folder.File("plan.json")).Succeeded();
        CommandRun.Of("plan", "convert", _folder.File("plan.json"), "--output", _folder.File("again.safetensors")).Succeeded();

        Assert.Equal(File.ReadAllBytes(_plan), File.ReadAllBytes(_folder.File("again.safetensors")));
    }

    [Fact]
    public void APlanForAnotherSizeNamesBoth()
    {
        Calibrate();

        CommandRun.Of("attention", "run", "--input", "structured", "--heads", "2", "--grid", "5x8x9", "--plan", _plan).FailedWith(2, "[1, 2, 400, 64]", "[1, 2, 360, 64]");
        CommandRun.Of("attention", "run", "--input", "structured", "--heads", "2", "--grid", "5x10x8", "--plan", _plan).FailedWith(2, "5x8x10", "5x10x8");
    }

    [Fact]
    public void APlanOfAnotherMethodIsRefused()
    {
        Calibrate();

        CommandRun.Of("attention", "run", "--input", "structured", "--heads", "2", "--grid", "5x8x10", "--plan", _plan, "--method", "sta").FailedWith(2, "paro", "sta");
    }

    [Fact]
    public void ADamagedPlanIsRefused()
    {
        Calibrate();
        byte[] bytes = File.ReadAllBytes(_plan);
        bytes[^1] ^= 1;
        File.WriteAllBytes(_plan, bytes);

        CommandRun.Of("plan", "show", _plan).FailedWith(2, "plan.safetensors");
        CommandRun.Of("plan", "show", _folder.File("none.safetensors")).FailedWith(2, "does not exist");
    }

    [Fact]
    public void ADamagedDocumentIsRefusedAndNothingIsWritten()
    {
        Calibrate();
        string json = _folder.File("plan.json");
        CommandRun.Of("plan", "convert", _plan, "--output", json).Succeeded();
        string text = File.ReadAllText(json);

        foreach ((string from, string to, string word) in (ReadOnlySpan<(string, string, string)>)[("\"version\": 1", "\"version\": 9", "version 9"), ("\"KeptBlocks\"", "\"Nothing\"", "Nothing"), ("\"model\"", "\"modle\"", "modle")])
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            File.WriteAllText(json, text.Replace(from, to, StringComparison.Ordinal));
            CommandRun.Of("plan", "convert", json, "--output", _folder.File("again.safetensors")).FailedWith(2, "plan.json", word);
        }

        Assert.Equal(["plan.json", "plan.safetensors"], _folder.Files);
    }

    [Fact]
    public void OnlineMethodsHaveNothingToCalibrate() =>
        CommandRun.Of("plan", "calibrate", "--input", "structured", "--grid", "2x4x4", "--method", "svg", "--output", _plan).FailedWith(1, "svg", "every call");

    [Fact]
    public void AReleasedPlanIsImportedWithItsLattice()
    {
        // 2 heads, 1 layer, 2 time groups; 3x8x8 video tokens and 70 of text are 5 blocks, of which the masks cover the last 3.
        TokenGrid grid = new(3, 8, 8, 70, TextPlacement.Front);
        float[] sparse = new float[2 * 2 * 3 * 3];
        sparse[0] = 1;
        sparse[(2 * 9) + 5] = 1;
        SafetensorsWriter writer = new();
        writer.Add<float>("permute", [1, 2], new float[] { 2, 5 });
        writer.Add<float>("sparse", [2, 1, 2, 3, 3], sparse);
        writer.Save(_folder.File("released.safetensors"));

        CommandRun.Of("plan", "convert", _folder.File("released.safetensors"), "--grid", "3x8x8", "--output", _plan).FailedWith(1, "--dim");
        CommandRun.Of("plan", "convert", _folder.File("released.safetensors"), "--grid", "3x8x8", "--text", "70@front", "--dim", "64", "--output", _plan).Succeeded();

        PlanFile file = PlanFile.Load(_plan);
        Assert.Equal(2, file.Schedule.Plans.Count);
        AttentionPlan first = file.Schedule[new StepContext(0, 2, 0, 1)];
        Assert.Equal(TokenOrder.ForAxisOrder(grid, new AxisOrder(2)), first.OrderOf(0));
        Assert.Equal(TokenOrder.ForAxisOrder(grid, new AxisOrder(5)), first.OrderOf(1));
        // Two leading rows and columns are dense; of the 3x3 video blocks head 0 keeps one.
        Assert.Equal(25 - 9 + 1, 25 * first.Mask.HeadDensity(0), 9);
        Assert.Equal(BlockCoverage.Full, first.Mask.Coverage(0, 2, 2));
        Assert.Equal(25 - 9, 25 * first.Mask.HeadDensity(1), 9);
        AttentionPlan second = file.Schedule[new StepContext(1, 2, 0, 1)];
        Assert.Equal(BlockCoverage.Full, second.Mask.Coverage(0, 3, 4));
    }

    private CommandRun Calibrate(params string[] more) =>
        CommandRun.Of(["plan", "calibrate", "--input", "structured", "--heads", "2", "--grid", "5x8x10", "--output", _plan, "--json", .. more]).Succeeded();
}
