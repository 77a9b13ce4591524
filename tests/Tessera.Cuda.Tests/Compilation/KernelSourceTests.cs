using Tessera.Cuda.Compilation;
using Xunit;

namespace Tessera.Cuda.Tests.Compilation;

public sealed class KernelSourceTests
{
    private static readonly string[] Options = ["--gpu-architecture=sm_90"];

    [Theory]
    [InlineData("int a; // why\n", "int a;\n")]
    [InlineData("  int /* b */ a;\n\n", "int   a;\n")]
    [InlineData("asm(\"// not a comment /* nor this */ \\\" //\");\n", "asm(\"// not a comment /* nor this */ \\\" //\");\n")]
    [InlineData("char c = '\"'; // x\n", "char c = '\"';\n")]
    [InlineData("int n = 1'000; // x\nint m = 2'000;\n", "int n = 1'000;\nint m = 2'000;\n")]
    [InlineData("a /* open", "a\n")]
    [InlineData("a // last", "a\n")]
    public void Comments_go_and_literals_stay(string text, string expected) =>
        Assert.Equal(expected, KernelSource.WithoutComments(text));

    [Fact]
    public void A_comment_does_not_change_the_identity_and_everything_else_does()
    {
        KernelSource source = new("k.cu", "int a;", [new KernelHeader("h.cuh", "int b;")]);
        string identity = source.Fingerprint(Options);

        Assert.Equal(64, identity.Length);
        Assert.Equal(identity, (source with { Text = "// better said\n    int a; /* why */\n\n" }).Fingerprint(Options));
        Assert.NotEqual(identity, (source with { Text = "int c;" }).Fingerprint(Options));
        Assert.NotEqual(identity, (source with { Headers = [new KernelHeader("h.cuh", "int d;")] }).Fingerprint(Options));
        Assert.NotEqual(identity, (source with { Headers = [] }).Fingerprint(Options));
        Assert.NotEqual(identity, source.Fingerprint(["--gpu-architecture=sm_80"]));
    }

    [Theory]
    [InlineData(80, "sm_80")]
    [InlineData(86, "sm_80")]
    [InlineData(89, "sm_89")]
    [InlineData(90, "sm_89")]
    [InlineData(120, "sm_89")]
    [InlineData(75, null)]
    public void Portable_PTX_is_the_newest_that_is_not_above_the_device(int architecture, string? expected)
    {
        KernelModule module = new("m", "m.cu", [], 80, ["k"]);

        Assert.Equal(expected, KernelPtx.Choose(module, architecture, ["sm_80", "sm_89", "sm_90a"]));
    }

    [Theory]
    [InlineData(90, "sm_90a")]
    [InlineData(100, null)]
    public void PTX_of_one_architecture_runs_there_only(int architecture, string? expected)
    {
        KernelModule module = new("m", "m.cu", [], 90, ["k"]) { IsArchitectureSpecific = true };

        Assert.Equal(expected, KernelPtx.Choose(module, architecture, ["sm_80", "sm_89", "sm_90a"]));
    }
}
