using System.Text.Json;
using Tessera.Serialization;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class PlanCalibrateModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_calibrates_its_own_plan_file()
    {
        string model = Model();
        string plan = _folder.File("plan.safetensors");
        JsonElement report = Calibrate(
            model, plan, "--method", "paro", "--quantization", "int8-narrow", "--groups", "2", "--dense-layers", "1", "--json").Succeeded().Json;
        Assert.Equal(2, report.GetProperty("layers").GetInt32());
        Assert.Equal(2, report.GetProperty("rows").GetInt32());
        Assert.Equal("2x8x8", report.GetProperty("grid").GetString());
        Assert.Equal("model", report.GetProperty("model").GetString());
        Assert.Equal("2", report.GetProperty("properties").GetProperty("prompts").GetString());
        Assert.Equal(["model", "plan.safetensors", "prompts.txt"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
        PlanFile file = PlanFile.Load(plan);
        Assert.Equal(new(0, 1), file.Schedule.Policy);
        Assert.Equal("int8-narrow", file.Schedule.Plans[file.Schedule.Table[1]].Recipe.Name);
        CommandRun.Of("plan", "show", plan).Succeeded();
        byte[] bytes = File.ReadAllBytes(plan);
        CommandRun again = Calibrate(
            model, plan, "--method", "paro", "--quantization", "int8-narrow", "--groups", "2", "--dense-layers", "1", "--log-steps");
        Assert.Equal(bytes, File.ReadAllBytes(plan));
        string[] lines = again.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(8, lines.Length);
        Assert.StartsWith("prompt 2/2, step 4/4, ", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Requests_that_make_no_sense_are_refused_before_work()
    {
        string model = Model();
        string plan = _folder.File("plan.safetensors");
        Calibrate(model, plan, "--method", "svg").FailedWith(1, "wanted one of paro, fps, sta");
        Calibrate(model, plan, "--input", "structured").FailedWith(1, "either --input", "or --checkpoint");
        Calibrate(model, plan, "--calibrate-steps", "9").FailedWith(2, "wanted steps 0 to 3");
        CommandRun.Of("plan", "calibrate", "--output", plan).FailedWith(1, "either --input");
        CommandRun.Of("plan", "calibrate", "--checkpoint", model, "--output", plan).FailedWith(1, "--checkpoint and --prompts go together");
        Calibrate(model, plan, "--size", "100x64").FailedWith(1, "no multiple of 16", "96x64");
        Calibrate(model, plan, "--frames", "6").FailedWith(1, "the nearest are 5 and 9");
        Calibrate(_folder.File("none"), plan).FailedWith(2, "no folder", "tessera wan init --config tiny");
        File.WriteAllText(_folder.File("prompts.txt"), "\n  \n");
        Calibrate(model, plan).FailedWith(2, "holds no prompt");
        File.Delete(_folder.File("prompts.txt"));
        Calibrate(model, plan).FailedWith(2, "do not exist");
        Assert.False(File.Exists(plan));
    }

    private CommandRun Calibrate(string model, string plan, params string[] more) => CommandRun.Of(
    [
        "plan", "calibrate", "--checkpoint", model, "--prompts", _folder.File("prompts.txt"), "--output", plan, .. Defaults(more, "--size", "128x128"),
        .. Defaults(more, "--frames", "5"), "--steps", "4", "--density", "0.5", .. more,
    ]);

    private static string[] Defaults(string[] given, string name, string value) => given.Contains(name) ? [] : [name, value];

    private string Model()
    {
        string model = _folder.File("model");
        CommandRun.Of("wan", "init", "--config", "tiny", "--seed", "1", "--parts", "transformer,text-encoder,tokenizer", "--output", model).Succeeded();
        File.WriteAllText(_folder.File("prompts.txt"), "a red fox in snow\n\na blue bird\n");
        return model;
    }
}
