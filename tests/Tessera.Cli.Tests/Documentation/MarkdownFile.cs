using Tessera.TestKit;

namespace Tessera.Cli.Tests.Documentation;

/// <summary>A page of the documentation as its code: fenced blocks and spans between backquotes.</summary>
internal sealed class MarkdownFile
{
    private const string Fence = "```";

    private MarkdownFile(string name, List<MarkdownBlock> blocks, List<string> spans)
    {
        Name = name;
        Blocks = blocks;
        Spans = spans;
    }

    /// <summary>Path in the repository.</summary>
    public string Name { get; }

    /// <summary>Fenced blocks and indented ones.</summary>
    public IReadOnlyList<MarkdownBlock> Blocks { get; }

    /// <summary>Code within text, joined where it breaks over lines.</summary>
    public IReadOnlyList<string> Spans { get; }

    /// <summary>The README and every page below docs.</summary>
    public static IEnumerable<MarkdownFile> All()
    {
        string docs = Path.Combine(TestRoots.Repository, "docs");
        return Directory.EnumerateFiles(docs, "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Prepend(Path.Combine(TestRoots.Repository, "README.md")).Select(Read);
    }

    private static MarkdownFile Read(string path)
    {
        List<MarkdownBlock> blocks = [];
        List<string> text = [];
        string[] lines = File.ReadAllLines(path);
        string above = "";
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith(Fence, StringComparison.Ordinal))
            {
                int end = Array.IndexOf(lines, Fence, i + 1);
                blocks.Add(new MarkdownBlock(lines[i][Fence.Length..], above, i + 1, lines[(i + 1)..end]));
                i = end;
            }
            else if (lines[i].StartsWith("    ", StringComparison.Ordinal))
            {
                blocks.Add(new MarkdownBlock("", "", i, [lines[i].Trim()]));
            }
            else
            {
                text.Add(lines[i]);
                above = lines[i].Length > 0 ? lines[i] : above;
            }
        }

        string[] parts = string.Join('\n', text).Split('`');
        return new MarkdownFile(
            Path.GetRelativePath(TestRoots.Repository, path), blocks,
            [.. parts.Where(static (_, index) => index % 2 == 1).Select(static part => part.Replace('\n', ' '))]);
    }
}
