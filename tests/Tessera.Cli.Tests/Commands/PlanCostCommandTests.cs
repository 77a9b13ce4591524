using System.Text.Json;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class PlanCostCommandTests
{
    private static readonly string[] Common = ["plan", "cost", "--length", "1024", "--heads", "2", "--dim", "64", "--density", "0.25"];

    [Fact]
    public void JsonHoldsStagesThatAddUpAndNineBlockSizes()
    {
        JsonElement report = CommandRun.Of([.. Common, "--measure", "--json"]).Succeeded().Json;

        JsonElement predicted = report.GetProperty("predicted");
        double total = predicted.GetProperty("total").GetDouble();
        double stages = predicted.EnumerateObject().Where(static stage => stage.Name != "total").Sum(static stage => stage.Value.GetDouble());
        Assert.True(total > 0);
        Assert.Equal(total, stages, total * 1e-9);
        Assert.Equal(9, report.GetProperty("blockSizes").GetArrayLength());
        Assert.Equal("64x64", report.GetProperty("blockSize").GetString());
        Assert.Equal(0.25, report.GetProperty("density").GetDouble());
        Assert.InRange(report.GetProperty("breakEvenDensity").GetDouble(), 0, 1);
        double measured = report.GetProperty("measuredSeconds").GetDouble();
        Assert.Equal((total / measured) - 1, report.GetProperty("predictionError").GetDouble(), 1e-9);
    }

    [Fact]
    public void TheTableEndsWithAdvice()
    {
        string output = CommandRun.Of([.. Common, "--block", "auto"]).Succeeded().Output;

        Assert.Contains("softmax", output, StringComparison.Ordinal);
        Assert.Contains("(recommended)", output, StringComparison.Ordinal);
        Assert.Contains("dense", output, StringComparison.Ordinal);
    }

    [Fact]
    public void APlanFileIsPredicted()
    {
        using TemporaryFolder folder = new();
        string plan = folder.File("plan.safetensors");
        CommandRun.Of("plan", "calibrate", "--input", "structured", "--heads", "2", "--grid", "5x8x10", "--output", plan).Succeeded();

        JsonElement report = CommandRun.Of("plan", "cost", plan, "--json").Succeeded().Json;

        Assert.Equal("[1, 2, 400, 64]", report.GetProperty("shape").GetString());
        Assert.Equal(JsonValueKind.Null, report.GetProperty("measuredSeconds").ValueKind);
    }

    [Theory]
    [InlineData("--block", "64", "'64'")]
    [InlineData("--block", "0x64", "'0x64'")]
    [InlineData("--density", "2", "'2'")]
    public void AbsurdSettingsAreRefused(string option, string value, string named) =>
        CommandRun.Of("plan", "cost", option, value).FailedWith(1, named);

    [Fact]
    public void AMissingPlanIsNamed() => CommandRun.Of("plan", "cost", "nowhere.safetensors").FailedWith(2, "nowhere.safetensors");
}
