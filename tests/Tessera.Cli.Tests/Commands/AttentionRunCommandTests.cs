using System.Globalization;
using System.Text.Json;
using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Serialization;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class AttentionRunCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("dense", "none")]
    [InlineData("paro", "int8")]
    [InlineData("fps", "fp8")]
    [InlineData("sta", "none")]
    [InlineData("svg", "none")]
    [InlineData("sparge", "k4v4")]
    [InlineData("sage", "sage2")]
    public void EveryMethodRunsAndReports(string method, string quantization)
    {
        JsonElement report = CommandRun.Of(
            "attention", "run", "--input", "structured", "--heads", "2", "--grid", "4x9x10", "--method", method, "--quantization", quantization, "--json").Succeeded().Json;

        Assert.Equal(1, report.GetProperty("version").GetInt32());
        Assert.Equal("attention run", report.GetProperty("command").GetString());
        Assert.Equal(method, report.GetProperty("method").GetString());
        Assert.StartsWith(method, report.GetProperty("plan").GetProperty("name").GetString(), StringComparison.Ordinal);
        double density = report.GetProperty("plan").GetProperty("density").GetDouble();
        Assert.InRange(density, 1e-3, 1);
        Assert.Equal(density, report.GetProperty("blocksComputed").GetDouble() / report.GetProperty("blocksTotal").GetDouble(), 9);
        Assert.InRange(report.GetProperty("keptMass").GetDouble(), density / 4, 1 + 1e-5);
        Assert.InRange(report.GetProperty("error").GetProperty("cosine").GetDouble(), 0.5, 1 + 1e-9);
        Assert.Equal("cpu", report.GetProperty("backend").GetProperty("name").GetString());
        JsonElement stages = report.GetProperty("stages");
        Assert.All((string[])["plan", "compile", "permute", "quantize", "attend"], name => Assert.True(stages.GetProperty(name).GetDouble() >= 0));
        Assert.True(stages.GetProperty("attend").GetDouble() > 0);
        bool online = report.GetProperty("plansPerCall").GetBoolean();
        Assert.Equal(method is "svg" or "sparge", online);
        double planning = online ? Stage("plan") + Stage("compile") : 0;
        double dense = report.GetProperty("denseSeconds").GetDouble();
        Assert.Equal((planning + Stage("permute") + Stage("quantize")) / dense, report.GetProperty("overheadShare").GetDouble(), 1e-6);
        Assert.Equal(dense / (planning + report.GetProperty("seconds").GetDouble()), report.GetProperty("speedUp").GetDouble(), 1e-6);

        double Stage(string name) => stages.GetProperty(name).GetDouble();
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(3, true)]
    public void TheOutputFileIsTheAttentionOfTheInputFile(int rank, bool shortNames)
    {
        long[] shape = rank == 3 ? [2, 30, 16] : [2, 2, 30, 16];
        string input = TensorFile.Write(_folder.File("qkv.safetensors"), shape, shortNames: shortNames);
        string output = _folder.File("out.safetensors");

        CommandRun.Of("attention", "run", "--input", input, "--grid", "2x3x4", "--text", "6@front", "--method", "dense", "--output", output).Succeeded();

        using SafetensorsFile file = SafetensorsFile.Open(output);
        Assert.Equal(shape, file["output"].Shape);
        Assert.Equal(TensorDataType.Float32, file["output"].DataType);
        Assert.Equal("2x3x4+6@front", file.Metadata["grid"]);
        AttentionShape sizes = new(rank == 3 ? 1 : 2, 2, 30, 30, 16);
        double[] exact = ReferenceAttention.Dense(new AttentionInputs(sizes, TensorFile.Values(shape, 1), TensorFile.Values(shape, 2), TensorFile.Values(shape, 3))).Output;
        // Binary32 against double on 30 keys: a few roundoffs.
        Assert.True(AttentionError.Compare(exact, file.ReadSingle("output")).RelativeL2 < 1e-6);
        Assert.Equal(["out.safetensors", "qkv.safetensors"], _folder.Files);
    }

    [Fact]
    public void AnExistingOutputIsReplacedOnSuccess()
    {
        string input = TensorFile.Write(_folder.File("qkv.safetensors"), [1, 8, 16]);
        string output = _folder.File("out.safetensors");
        File.WriteAllText(output, "old");

        CommandRun.Of("attention", "run", "--input", input, "--grid", "2x2x2", "--method", "dense", "--no-compare", "--output", output).Succeeded();

        using SafetensorsFile file = SafetensorsFile.Open(output);
        Assert.True(file.Contains("output"));
    }

    [Fact]
    public void WithoutComparisonThereAreNoFiguresAgainstDense()
    {
        JsonElement report = CommandRun.Of(
            "attention", "run", "--input", "structured", "--heads", "1", "--grid", "3x4x5", "--method", "dense", "--no-compare", "--json").Succeeded().Json;

        Assert.All((string[])["error", "keptMass", "denseSeconds", "speedUp"], name => Assert.Equal(JsonValueKind.Null, report.GetProperty(name).ValueKind));
    }

    [Fact]
    public void BackendsAgreeAndAutoSaysWhyNotCuda()
    {
        string[] common = ["attention", "run", "--input", "structured", "--heads", "1", "--grid", "3x5x6", "--method", "sta", "--quantization", "none", "--json"];
        JsonElement auto = CommandRun.Of([.. common]).Succeeded().Json;
        JsonElement reference = CommandRun.Of([.. common, "--backend", "reference"]).Succeeded().Json;

        Assert.Equal("reference", reference.GetProperty("backend").GetProperty("name").GetString());
        Assert.Contains("cuda", auto.GetProperty("backend").GetProperty("refused")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(auto.GetProperty("keptMass").GetDouble(), reference.GetProperty("keptMass").GetDouble(), 5);
        Assert.True(reference.GetProperty("error").GetProperty("cosine").GetDouble() <= 1 + 1e-12);
    }

    [Fact]
    public void Int8ResolvesToWhatTheProcessorRunsFastest()
    {
        JsonElement report = CommandRun.Of(
            "attention", "run", "--input", "structured", "--heads", "1", "--grid", "3x5x6", "--method", "dense", "--quantization", "int8", "--json").Succeeded().Json;

        Assert.Equal(Backends.Cpu.CpuBackend.PreferredInt8.Name, report.GetProperty("plan").GetProperty("quantization").GetString());
        Assert.True(report.GetProperty("error").GetProperty("cosine").GetDouble() > 0.999);
    }

    [Fact]
    public void ThreeNumpyFilesAreAnInput()
    {
        string[] files = [.. Enumerable.Range(0, 3).Select(i => NumpyFile.Write(_folder.File($"{i}.npy"), [1, 8, 16], TensorFile.Values([1, 8, 16], i)))];

        CommandRun run = CommandRun.Of(["attention", "run", "--input", .. files, "--grid", "2x2x2", "--method", "dense", "--json"]);

        Assert.Equal("0.npy, 1.npy, 2.npy", run.Succeeded().Json.GetProperty("input").GetProperty("source").GetString());
    }

    [Fact]
    public void ADensityForADenseMethodIsRefused() =>
        CommandRun.Of("attention", "run", "--input", "structured", "--grid", "2x2x2", "--method", "sage", "--density", "0.5").FailedWith(1, "sage", "every block");

    [Fact]
    public void MethodOrPlanIsNeededAndThePlanFixesTheDensity()
    {
        CommandRun.Of("attention", "run", "--input", "structured", "--grid", "2x2x2").FailedWith(1, "--method is missing");
        CommandRun.Of("attention", "run", "--input", "structured", "--grid", "2x2x2", "--plan", "p", "--density", "0.5").FailedWith(1, "--density is fixed by the plan");
    }

    [Fact]
    public void TheTableShowsTheSameFiguresAsJson()
    {
        string[] common = ["attention", "run", "--input", "structured", "--heads", "1", "--grid", "3x8x8", "--method", "sta", "--density", "0.6"];
        JsonElement json = CommandRun.Of([.. common, "--json"]).Succeeded().Json;
        string text = CommandRun.Of(common).Succeeded().Output;

        string cosine = json.GetProperty("error").GetProperty("cosine").GetDouble().ToString("0.000000", CultureInfo.InvariantCulture);
        Assert.Contains(cosine, text, StringComparison.Ordinal);
        Assert.Contains(json.GetProperty("blocksComputed").GetInt64().ToString(CultureInfo.InvariantCulture), text, StringComparison.Ordinal);
    }
}
