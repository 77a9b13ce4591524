namespace Tessera.Methods.Paro;

/// <summary>
/// What a <see cref="ParoCalibrator"/> has seen in one mask group, as plain data: a calibration can be stored, go on elsewhere, and give
/// the same plans bit for bit.
/// </summary>
/// <remarks>Memory: 4 bytes x heads x blocks, times the candidates until orders are chosen.</remarks>
public sealed record ParoObservations
{
    /// <summary>Observations of the group.</summary>
    public required int Count { get; init; }

    /// <summary>
    /// Candidates that have statistics, by head: all of them before orders are chosen, one afterwards. All heads have as many.
    /// </summary>
    public required IReadOnlyList<int[]> Candidates { get; init; }

    /// <summary>Mean mass of each block, [heads, candidates of the head, query blocks, key blocks] row-major.</summary>
    public required float[] Mass { get; init; }
}
