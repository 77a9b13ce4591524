using System.Globalization;
using System.Text.Json;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

/// <summary>Generations whose process is killed: nothing is cancelled, cleaned up or flushed.</summary>
public sealed class KilledGenerationTests(WanFolder model) : IClassFixture<WanFolder>
{
    private const int Steps = 8;
    private const int Killed = 137;
    private const int Attempts = 20;
    private const string Output = "fox.y4m";
    private const string State = "fox.y4m.resume.safetensors";

    private static readonly Dictionary<string, string> AsHere = [];

    [Fact]
    public void KilledWithinStepsTheVideoIsThatOfAnUninterruptedRun()
    {
        using TemporaryFolder folder = new();
        byte[] whole = Whole(folder);
        Random random = new(7);
        int done = 0;
        for (int kill = 0; kill < 3; kill++)
        {
            KillWithinStep(folder, AsHere, TimeSpan.FromMilliseconds(random.Next(10)), resumes: kill > 0);
            int now = StepOf(folder);
            Assert.True(now > done && now < Steps, $"after {done} steps, the state is of step {now}");
            done = now;
        }

        CommandRun.Of(Arguments(folder, "--resume")).Succeeded();
        Assert.Equal(whole, File.ReadAllBytes(folder.File(Output)));
        Assert.Equal([Output, $"{Output}.json"], folder.Files);
    }

    /// <summary>
    /// The process is stopped when the temporary file of a state appears, and killed if the file is still there then: its writing had begun
    /// and not ended.
    /// </summary>
    [Fact]
    public void KilledWhileAStateIsWrittenTheOneBeforeItIsWhole()
    {
        using TemporaryFolder folder = new();
        byte[] whole = Whole(folder);
        string unfinished = KillWithinWrite(folder);
        int step = StepOf(folder);
        Assert.InRange(step, 0, Steps - 1);
        Assert.Contains(unfinished, folder.Files);

        CommandRun.Of(Arguments(folder, "--resume")).Succeeded();
        Assert.Equal(whole, File.ReadAllBytes(folder.File(Output)));
        Assert.Equal([Output, $"{Output}.json"], folder.Files);
    }

    [WideVectorFact("There are no wider vectors here that another process could do without.")]
    public void AStateOfNarrowerVectorsIsRefusedOrMixedAndRecorded()
    {
        using TemporaryFolder folder = new();
        byte[] whole = Whole(folder);
        KillWithinStep(folder, new Dictionary<string, string> { ["DOTNET_EnableAVX2"] = "0" }, TimeSpan.Zero, resumes: false);
        int step = StepOf(folder);
        CommandRun.Of(Arguments(folder, "--resume")).FailedWith(
            2, State, "was computed in another arithmetic", "vectors '128 bits", "allow other arithmetic");
        Assert.Equal(step, StepOf(folder));

        CommandRun run = CommandRun.Of(Arguments(folder, "--resume", "--allow-other-arithmetic")).Succeeded();
        Assert.Contains($"note: Resumed in another arithmetic after step {step} of {Steps} (", run.Output, StringComparison.Ordinal);
        Assert.NotEqual(whole, File.ReadAllBytes(folder.File(Output)));
        using JsonDocument record = JsonDocument.Parse(File.ReadAllBytes(folder.File($"{Output}.json")));
        JsonElement[] spans = [.. record.RootElement.GetProperty("arithmetic").EnumerateArray()];
        Assert.Equal([0, step], spans.Select(static span => span.GetProperty("firstStep").GetInt32()));
        Assert.StartsWith("128 bits", spans[0].GetProperty("arithmetic").GetProperty("vectors").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Kills some time after a step was reported; a run that was faster than that is repeated.</summary>
    private void KillWithinStep(TemporaryFolder folder, Dictionary<string, string> variables, TimeSpan delay, bool resumes)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            using CommandProcess process = CommandProcess.Start(
                variables, Arguments(folder, resumes ? ["--log-steps", "--resume"] : ["--log-steps"]));
            string? line = process.ReadErrorLine();
            Assert.StartsWith("step ", line, StringComparison.Ordinal);
            Thread.Sleep(delay);
            if (process.Kill() == Killed && File.Exists(folder.File(State)))
            {
                Assert.False(File.Exists(folder.File(Output)));
                return;
            }

            Assert.False(resumes, "the generation ended before it could be killed");
            Clear(folder);
        }

        Assert.Fail($"{Attempts} generations ended before they could be killed.");
    }

    /// <summary>Kills within the writing of a state that replaces an older one; answers the name of the unfinished file.</summary>
    private string KillWithinWrite(TemporaryFolder folder)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            using CommandProcess process = CommandProcess.Start(AsHere, Arguments(folder));
            while (!process.HasExited)
            {
                if (!File.Exists(folder.File(State)) || Unfinished(folder) is not { } name)
                {
                    continue;
                }

                process.Suspend();

                // A stop that has been sent takes effect at once on a thread that runs, and a file that is gone after this is safe.
                Thread.Sleep(5);
                if (File.Exists(folder.File(name)))
                {
                    Assert.Equal(Killed, process.Kill());
                    Assert.True(File.Exists(folder.File(name)));
                    return name;
                }

                process.Resume();
            }

            Clear(folder);
        }

        throw new InvalidOperationException("No state could be caught while it was written.");
    }

    private static string? Unfinished(TemporaryFolder folder) => Directory.EnumerateFiles(folder.Path, $".{State}.*.tmp")
        .Select(Path.GetFileName).FirstOrDefault();

    private static void Clear(TemporaryFolder folder)
    {
        foreach (string file in folder.Files)
        {
            File.Delete(folder.File(file));
        }
    }

    private static int StepOf(TemporaryFolder folder)
    {
        using SafetensorsFile state = SafetensorsFile.Open(folder.File(State));
        return int.Parse(state.Metadata["step"], CultureInfo.InvariantCulture);
    }

    /// <summary>What an uninterrupted run makes.</summary>
    private byte[] Whole(TemporaryFolder folder)
    {
        CommandRun.Of(Arguments(folder)).Succeeded();
        byte[] whole = File.ReadAllBytes(folder.File(Output));
        Clear(folder);
        return whole;
    }

    private string[] Arguments(TemporaryFolder folder, params string[] more) =>
    [
        "generate", "a red fox", "--checkpoint", model.Path, "--output", folder.File(Output), "--size", "128x128", "--frames", "9",
        "--steps", $"{Steps}", "--seed", "9", .. more,
    ];
}
