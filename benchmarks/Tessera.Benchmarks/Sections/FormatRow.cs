using Tessera.Benchmarks.Timing;
using Tessera.Fidelity;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Sections;

/// <summary>Speed and error of one recipe.</summary>
/// <param name="Recipe">Name.</param>
/// <param name="Operands">Formats of Q, K, P and V.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="Times">Figures of its dense runs.</param>
/// <param name="NanosecondsPerScore">Median wall time over heads x queries x keys.</param>
/// <param name="Structured">Error on structured heads against double precision.</param>
/// <param name="Normal">Error on normal random inputs.</param>
internal sealed record FormatRow(
    string Recipe, string Operands, int HeadDim, RunTimes Times, double NanosecondsPerScore, AttentionError Structured,
    AttentionError Normal)
{
    /// <summary>Differences of time below this share are noise between runs.</summary>
    private const double TimeNoise = 0.03;

    /// <summary>Differences of error below this share say nothing about other inputs.</summary>
    private const double ErrorNoise = 0.05;

    /// <summary>Whether no other recipe beats it, on structured heads.</summary>
    public bool IsOnFrontier { get; private init; }

    /// <summary>Whether it is one of the known recipes.</summary>
    public bool IsKnown => KnownRecipes.All.Any(recipe => recipe.Name == Recipe);

    /// <summary>The rows from fast to slow, with the frontier marked.</summary>
    public static FormatRow[] MarkFrontier(IReadOnlyCollection<FormatRow> rows) =>
    [
        .. rows.OrderBy(static row => row.NanosecondsPerScore)
            .Select(row => row with { IsOnFrontier = !rows.Any(other => other.Beats(row)) }),
    ];

    /// <summary>Clearly better in time or error and not clearly worse in the other.</summary>
    private bool Beats(FormatRow other)
    {
        double time = NanosecondsPerScore / other.NanosecondsPerScore;
        double error = Structured.RelativeL1 / other.Structured.RelativeL1;
        return time <= 1 + TimeNoise && error <= 1 + ErrorNoise && (time < 1 - TimeNoise || error < 1 - ErrorNoise);
    }
}
