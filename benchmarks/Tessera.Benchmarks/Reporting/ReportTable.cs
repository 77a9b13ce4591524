using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tessera.Benchmarks.Reporting;

/// <summary>A table over records: Markdown shows chosen columns, JSON holds every property.</summary>
/// <param name="name">Key in the JSON file.</param>
/// <param name="caption">A line above the table, or empty.</param>
/// <param name="rows">The records.</param>
/// <param name="columns">Headings with what they show; the first is aligned left, the others right.</param>
internal sealed class ReportTable<TRow>(
    string name, string caption, IReadOnlyList<TRow> rows, params IReadOnlyList<(string Heading, Func<TRow, string> Cell)> columns)
    : IReportTable
{
    public string Name => name;

    public IReadOnlyList<TRow> Rows => rows;

    public string ToMarkdown()
    {
        StringBuilder text = new();
        text.Append(caption.Length > 0 ? $"{caption}\n\n" : "");
        text.Append($"| {string.Join(" | ", columns.Select(static column => column.Heading))} |\n");
        text.Append($"|---|{string.Concat(Enumerable.Repeat("---:|", columns.Count - 1))}\n");
        foreach (TRow row in rows)
        {
            text.Append($"| {string.Join(" | ", columns.Select(column => column.Cell(row)))} |\n");
        }

        return text.ToString();
    }

    public JsonNode? ToJson() => JsonSerializer.SerializeToNode(rows, BenchDocument.Format);
}
