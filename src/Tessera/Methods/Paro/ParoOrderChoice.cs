namespace Tessera.Methods.Paro;

/// <summary>The chosen candidate of one head with the scores of all.</summary>
internal sealed record ParoOrderChoice(int Candidate, IReadOnlyList<ParoCandidateScore> Scores);
