using System.Reflection;
using System.Text;
using Tessera.Backends.Cpu;
using Tessera.Cuda;
using Tessera.Media;
using Tessera.Neural.Products;
using Tessera.Wan.Pipeline;
using Xunit;

namespace Tessera.Cli.Tests.Documentation;

/// <summary>
/// Every C# block of the documentation compiles, all namespaces of the packages in scope. What a block takes for given stands in a comment
/// above it, which readers of the page do not see: <c>&lt;!-- given: AttentionPlan plan, float[] x --&gt;</c>.
/// </summary>
public sealed class SnippetTests
{
    private const string Given = "<!-- given: ";
    private const string EndOfGiven = " -->";

    private static readonly Assembly[] Packages =
        [typeof(CpuBackend).Assembly, typeof(ClipFile).Assembly, typeof(MatrixProduct).Assembly, typeof(WanPipeline).Assembly, typeof(CudaBackend).Assembly];

    [SnippetFact]
    public void Every_block_compiles()
    {
        Dictionary<string, string> sources = [];
        // The block of the README runs in a test of its own.
        foreach (MarkdownFile file in MarkdownFile.All().Skip(1))
        {
            foreach (MarkdownBlock block in file.Blocks.Where(static block => block.Language == "csharp"))
            {
                sources.Add($"Snippet{sources.Count}.cs", SourceOf(file, block, sources.Count));
            }
        }

        Assert.True(sources.Count >= 20, $"{sources.Count} blocks were found");
        using TemporaryFolder folder = new();
        string[] errors = SnippetCompiler.Compile(SnippetCompiler.Find()!, folder.Path, sources, Packages);
        Assert.True(errors.Length == 0, string.Join('\n', errors));
    }

    [SnippetFact]
    public void What_does_not_compile_is_found()
    {
        using TemporaryFolder folder = new();
        Dictionary<string, string> sources = new() { ["Wrong.cs"] = "internal static class Wrong { private static int Of(AttentionPlan plan) => plan.NoSuchMember; }" };
        string error = Assert.Single(SnippetCompiler.Compile(SnippetCompiler.Find()!, folder.Path, sources, Packages));
        Assert.Contains("NoSuchMember", error, StringComparison.Ordinal);
    }

    /// <summary>A block as a method, or as a type where it is one; errors carry the page and its lines.</summary>
    private static string SourceOf(MarkdownFile file, MarkdownBlock block, int number)
    {
        string[] usings = [.. block.Lines.TakeWhile(static line => line.Length == 0 || (line.StartsWith("using ", StringComparison.Ordinal) && !line.Contains('=')))];
        string code = string.Join('\n', block.Lines.Skip(usings.Length));
        string place = $"#line {block.Line + usings.Length + 1} \"{file.Name}\"";
        StringBuilder source = new();
        source.AppendJoin('\n', usings).Append($"\nnamespace Snippets{number};\n");
        if (code.StartsWith("public ", StringComparison.Ordinal))
        {
            return source.Append($"{place}\n{code}\n").ToString();
        }

        string given = block.Above.StartsWith(Given, StringComparison.Ordinal) ? block.Above[Given.Length..^EndOfGiven.Length] : "";
        string type = code.Contains("await ", StringComparison.Ordinal) ? "async Task" : "void";
        return source.Append($"internal static class Snippet\n{{\n    private static {type} Run({given})\n    {{\n{place}\n{code}\n    }}\n}}\n").ToString();
    }
}
