namespace Tessera.Methods;

/// <summary>What a method is, for help texts and reports.</summary>
/// <param name="Title">Full name.</param>
/// <param name="Citation">Authors' title, venue and arXiv id.</param>
/// <param name="Settings">Settings in force, one line.</param>
/// <param name="Departures">Where we depart from the paper or its code, and why.</param>
public sealed record MethodDescription(string Title, string Citation, string Settings, IReadOnlyList<string> Departures);
