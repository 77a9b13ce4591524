namespace Tessera.Methods.Paro;

/// <summary>Sums of the score terms of every (head, candidate) of a <see cref="ParoCalibrator"/>, as plain data.</summary>
public sealed record ParoScoreSums
{
    /// <summary>Numbers of one (head, candidate): observations, empty shares, incoherence, output errors.</summary>
    public const int Terms = 4;

    /// <summary>[heads, candidates, terms] row-major.</summary>
    public required double[] Sums { get; init; }
}
