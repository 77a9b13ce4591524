using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Methods;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests;

/// <summary>The code of the README compiles, runs, and is the code below to the letter.</summary>
public sealed class ReadmeSnippetTests
{
    [Fact]
    public void The_snippet_runs()
    {
        float[] storage = new float[4 * 4 * 30 * 52 * 128];
        TensorSpan<float> output = new(storage, [1, 4, 4 * 30 * 52, 128]);

#pragma warning disable format
// snippet
TokenGrid grid = new(Frames: 4, Height: 30, Width: 52);
StructuredHeads heads = StructuredHeads.Create(grid, heads: 4, headDim: 128, seed: 1); // or your own Q, K and V
AttentionPlan plan = KnownMethods.Create("paro", density: 0.25, CpuMapReader.Shared)
    .Plan(heads.Inputs, new PlanningContext(grid) { Recipe = CpuBackend.PreferredInt8 });
using IAttentionKernel attention = CpuBackend.Shared.Compile(plan);
AttentionStatistics run = attention.Run(heads.Inputs, output); // output: TensorSpan<float> [1, 4, tokens, 128]
// end
#pragma warning restore format

        Assert.InRange(run.Density, 0.2, 0.3);
        NumericAssert.AllFinite(storage);
    }

    [Fact]
    public void The_README_shows_exactly_that_snippet()
    {
        string source = File.ReadAllText(Path.Combine(TestRoots.Repository, "tests", "Tessera.Tests", "ReadmeSnippetTests.cs"));
        int start = source.IndexOf("// snippet\n", StringComparison.Ordinal) + "// snippet\n".Length;
        string snippet = source[start..source.IndexOf("// end\n", StringComparison.Ordinal)];

        Assert.Contains("```csharp\n" + snippet + "```\n", File.ReadAllText(Path.Combine(TestRoots.Repository, "README.md")), StringComparison.Ordinal);
    }
}
