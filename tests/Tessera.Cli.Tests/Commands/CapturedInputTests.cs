using System.Numerics.Tensors;
using System.Text.Json;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Serialization;
using Tessera.Synthesis;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

/// <summary>What a generation captures is an input of every command as it is.</summary>
public sealed class CapturedInputTests : IDisposable
{
    private static readonly TokenGrid Grid = new(4, 8, 8);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_captured_file_runs_and_calibrates_without_further_words()
    {
        string file = Capture();
        string output = _folder.File("out.safetensors");
        JsonElement run = CommandRun.Of("attention", "run", "--input", file, "--method", "dense", "--output", output, "--json").Succeeded().Json;
        Assert.Equal("4x8x8", run.GetProperty("input").GetProperty("grid").GetString());
        Assert.True(run.GetProperty("error").GetProperty("cosine").GetDouble() > 0.999999);
        using (SafetensorsFile written = SafetensorsFile.Open(output))
        {
            Assert.Equal([2L, Grid.Tokens, 16L], written["output"].Shape);
        }

        JsonElement paro = CommandRun.Of("attention", "run", "--input", file, "--method", "paro", "--density", "0.5", "--json").Succeeded().Json;
        Assert.InRange(paro.GetProperty("keptMass").GetDouble(), 0.5, 1);
        string plan = _folder.File("plan.safetensors");
        CommandRun.Of("plan", "calibrate", "--input", file, "--density", "0.5", "--output", plan).Succeeded();
        CommandRun.Of("attention", "run", "--input", file, "--plan", plan).Succeeded();

        // A grid that is named must still fit.
        CommandRun.Of("attention", "run", "--input", file, "--method", "dense", "--grid", "4x8x9").FailedWith(2, "288 tokens");
    }

    private string Capture()
    {
        StructuredHeads heads = StructuredHeads.Create(Grid, 3, 16, 5);
        using CapturingSelfAttention attention = new(new DenseSelfAttention(), CaptureRequest.Parse("steps=2;layers=1;heads=0,2", _folder.Path));
        float[] output = new float[heads.Query.Length];
        attention.Attend(
            new SelfAttentionCall(Grid, new StepContext(2, 4, 1, 3), GuidanceBranch.Conditional),
            new AttentionInputs(heads.Shape, heads.Query, heads.Key, heads.Value) with { Rotary = RotaryEmbedding.ForGrid(Grid, 16) },
            new TensorSpan<float>(output, [1, 3, Grid.Tokens, 16]));
        return Assert.Single(attention.Files);
    }
}
