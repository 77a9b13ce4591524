using System.Text.Json;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class DoctorCommandTests
{
    [Fact]
    public void JsonNamesTheMachineAndGivesAReasonForEveryNo()
    {
        JsonElement report = CommandRun.Of("doctor", "--json").Succeeded().Json;

        Assert.Equal(1, report.GetProperty("version").GetInt32());
        Assert.Equal("doctor", report.GetProperty("command").GetString());
        Assert.Equal(Environment.ProcessorCount, report.GetProperty("logicalCores").GetInt32());
        Assert.Contains(report.GetProperty("vectorBits").GetInt32(), new[] { 64, 128, 256, 512 });
        Assert.True(report.GetProperty("memoryBytes").GetInt64() > 1 << 20);
        string[] names = [.. report.GetProperty("checks").EnumerateArray().Select(static check => check.GetProperty("name").GetString()!)];
        Assert.Superset(new HashSet<string> { "ffmpeg", "CUDA driver", "NVRTC", "cuda backend" }, new HashSet<string>(names));
        Assert.All(report.GetProperty("checks").EnumerateArray(), static check => Assert.NotEqual("", check.GetProperty("detail").GetString()));
    }

    [Fact]
    public void TextSaysTheSame()
    {
        CommandRun run = CommandRun.Of("doctor").Succeeded();

        Assert.Contains("logical cores", run.Output, StringComparison.Ordinal);
        Assert.Contains("cuda backend", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[", run.Output, StringComparison.Ordinal);
    }
}
