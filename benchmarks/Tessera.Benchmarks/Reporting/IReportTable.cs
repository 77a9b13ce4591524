using System.Text.Json.Nodes;

namespace Tessera.Benchmarks.Reporting;

/// <summary>Rows that are written both for readers and for programs.</summary>
internal interface IReportTable
{
    /// <summary>Key in the JSON file.</summary>
    string Name { get; }

    string ToMarkdown();

    JsonNode? ToJson();
}
