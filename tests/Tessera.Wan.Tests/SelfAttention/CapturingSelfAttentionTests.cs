using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.SelfAttention;

public sealed class CapturingSelfAttentionTests : IDisposable
{
    private static readonly TokenGrid Grid = new(3, 4, 6);

    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-capture-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Captured_tensors_are_what_attention_sees()
    {
        AttentionCall call = new(Grid, 3, 16);
        string folder = Path.Combine(_folder, "new");
        CaptureRequest request = CaptureRequest.Parse("steps=1;layers=0,2;heads=2,0", folder);
        using CapturingSelfAttention attention = new(new DenseSelfAttention(), request);
        float[] output = [];
        for (int step = 0; step < 3; step++)
        {
            for (int layer = 0; layer < 3; layer++)
            {
                call.Run(attention, AttentionCall.At(Grid, step, layer, GuidanceBranch.Unconditional));
                output = call.Run(attention, AttentionCall.At(Grid, step, layer));
            }
        }

        Assert.Equal(
            ["qkv-step001-layer00-cond.safetensors", "qkv-step001-layer02-cond.safetensors"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(attention.Files.Order(StringComparer.Ordinal), Directory.GetFiles(folder).Order(StringComparer.Ordinal));
        using SafetensorsFile file = SafetensorsFile.Open(attention.Files[1]);
        Assert.Equal([2L, Grid.Tokens, 16L], file["query"].Shape);
        Assert.Equal(("3x4x6", "0,2", "1", "2", "Conditional"), (
            file.Metadata["grid"], file.Metadata["heads"], file.Metadata["step"], file.Metadata["layer"], file.Metadata["branch"]));
        float[] query = file.ReadSingle("query");
        float[] row = new float[16];
        call.Inputs.Query.CopyRow(0, 2, 7, row);
        Assert.Equal(row, query.AsSpan((Grid.Tokens + 7) * 16, 16));

        // Rows that were turned on the way out give the same attention as rows that are turned on the way in.
        AttentionShape shape = new(1, 2, Grid.Tokens, Grid.Tokens, 16);
        float[] again = new float[2 * Grid.Tokens * 16];
        using IAttentionKernel kernel = CpuBackend.Shared.Compile(AttentionPlan.Dense(shape));
        kernel.Run(
            new AttentionInputs(shape, query, file.ReadSingle("key"), file.ReadSingle("value")),
            new System.Numerics.Tensors.TensorSpan<float>(again, [1, 2, Grid.Tokens, 16]));
        int head = Grid.Tokens * 16;
        double[] exact = call.Exact();
        NumericAssert.WithinBudget(exact.AsSpan(0, head), output.AsSpan(0, head), again.AsSpan(0, head));
        NumericAssert.WithinBudget(exact.AsSpan(2 * head, head), output.AsSpan(2 * head, head), again.AsSpan(head, head));
    }

    [Theory]
    [InlineData("steps=0", "steps and layers must be named")]
    [InlineData("layers=0", "steps and layers must be named")]
    [InlineData("steps=0;layers=x", "'x' is not a number")]
    [InlineData("steps=0;layers=-1", "'-1' is not a number")]
    [InlineData("steps=0;layers=0;head=1", "'head=1' is not one of")]
    [InlineData("steps;layers=0", "'steps' is not one of")]
    [InlineData("steps=0;layers=0;branches=both", "branch 'both' is not cond or uncond")]
    public void Requests_that_cannot_be_read_say_why(string text, string why) =>
        Assert.Contains(why, Assert.Throws<FormatException>(() => CaptureRequest.Parse(text, "x")).Message, StringComparison.Ordinal);

    [Fact]
    public void Branches_can_be_named()
    {
        CaptureRequest request = CaptureRequest.Parse("steps = 2, 2 ,1; layers=0; branches=uncond", "x");
        Assert.Equal([1, 2], request.Steps);
        Assert.True(request.Covers(AttentionCall.At(Grid, 2, 0, GuidanceBranch.Unconditional)));
        Assert.False(request.Covers(AttentionCall.At(Grid, 2, 0)));
        Assert.False(request.Covers(AttentionCall.At(Grid, 0, 0, GuidanceBranch.Unconditional)));
    }
}
