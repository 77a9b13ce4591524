namespace Tessera.Media.Reports;

/// <summary>A labelled fact of a report.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Value">Its value as shown.</param>
public readonly record struct ReportFact(string Label, string Value);
