using Tessera.TestKit;
using Xunit;

namespace Tessera.PublicApi.Tests;

/// <summary>House rules that no analyzer here checks.</summary>
public sealed class SourceStyleTests
{
    private const int Columns = 140;

    private const int Lines = 400;

    /// <summary>Style sheets are raw strings: a line break in them would be a change of the page.</summary>
    private static readonly string[] StyleSheets = ["ChartStyle.cs", "ReportStyle.cs"];

    private static IEnumerable<string> Sources => Directory
        .EnumerateFiles(Path.Combine(TestRoots.Repository, "src"), "*.cs", SearchOption.AllDirectories)
        .Where(static file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [Fact]
    public void Lines_fit_140_columns() => Assert.Empty(
        Sources.Where(static file => !StyleSheets.Contains(Path.GetFileName(file)))
            .SelectMany(static file => File.ReadLines(file).Select((line, index) => (file, line, index)))
            .Where(static place => place.line.Length > Columns)
            .Select(static place => $"{place.file}:{place.index + 1} has {place.line.Length} columns"));

    [Fact]
    public void Files_stay_below_400_lines() =>
        Assert.All(Sources, static file => Assert.True(File.ReadLines(file).Count() <= Lines, $"{file} has more than {Lines} lines"));
}
