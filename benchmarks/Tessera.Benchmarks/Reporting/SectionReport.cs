using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tessera.Benchmarks.Reporting;

/// <summary>What a section found.</summary>
internal sealed record SectionReport
{
    public required string Title { get; init; }

    public required IReadOnlyList<IReportTable> Tables { get; init; }

    /// <summary>Settings and remarks, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Goals with what was reached.</summary>
    public IReadOnlyList<GoalCheck> Goals { get; init; } = [];

    public string ToMarkdown()
    {
        StringBuilder text = new();
        text.Append($"### {Title}\n\n");
        foreach (string note in Notes)
        {
            text.Append($"* {note}\n");
        }

        text.Append(Notes.Count > 0 ? "\n" : "");
        foreach (IReportTable table in Tables)
        {
            text.Append(table.ToMarkdown()).Append('\n');
        }

        if (Goals.Count > 0)
        {
            text.Append(GoalCheck.Table(Goals).ToMarkdown()).Append('\n');
        }

        return text.ToString().TrimEnd('\n') + '\n';
    }

    public JsonObject ToJson() => new()
    {
        ["title"] = Title,
        ["notes"] = JsonSerializer.SerializeToNode(Notes),
        ["tables"] = new JsonObject(Tables.Select(static table => KeyValuePair.Create(table.Name, table.ToJson()))),
        ["goals"] = JsonSerializer.SerializeToNode(Goals, BenchDocument.Format),
    };
}
