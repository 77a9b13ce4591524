namespace Tessera.Cli.Terminal;

/// <summary>How far long work has come.</summary>
/// <param name="What">What is being done now.</param>
/// <param name="Fraction">Share done, 0 to 1.</param>
internal readonly record struct WorkStep(string What, double Fraction);
