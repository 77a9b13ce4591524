namespace Tessera.Methods.Paro;

/// <summary>One format of <see cref="ProbabilityErrorTable"/>: relative L2 error of O for two references and two denominators.</summary>
/// <param name="Format">Codes and rounding.</param>
/// <param name="Ours">What the table measures.</param>
/// <param name="Published">Earlier figures, made independently in another language from other random numbers; null for formats added
/// since.</param>
public sealed record ProbabilityErrorRow(string Format, ProbabilityErrors Ours, ProbabilityErrors? Published);
