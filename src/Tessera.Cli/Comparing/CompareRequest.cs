using Tessera.Cli.Inputs;

namespace Tessera.Cli.Comparing;

/// <summary>What <c>tessera attention compare</c> was asked for.</summary>
/// <param name="Input">What to load.</param>
/// <param name="Methods">Methods.</param>
/// <param name="Densities">Densities for methods that have one.</param>
/// <param name="Formats">Recipe names; each method runs with each. Empty leaves every method its own.</param>
/// <param name="Backend">Backend asked for, or auto.</param>
/// <param name="Repeat">Timed runs of each plan; the fastest counts.</param>
/// <param name="ReportPath">Where to write the HTML report, or null.</param>
/// <param name="Command">The command line, for the report.</param>
internal sealed record CompareRequest(
    InputRequest Input, IReadOnlyList<string> Methods, IReadOnlyList<double> Densities, IReadOnlyList<string> Formats, string Backend,
    int Repeat, string? ReportPath, string Command);
