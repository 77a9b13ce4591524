using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Media.Reports;

/// <summary>Everything that <see cref="CompareReport"/> shows. Plain data: whoever compares methods fills it.</summary>
public sealed record CompareReportData
{
    /// <summary>Headline, for example <c>Six ways to skip attention</c>.</summary>
    public string Title { get; init; } = "Attention methods compared";

    /// <summary>What was attended: file or generator, frames, grid, seed; one line.</summary>
    public required string Input { get; init; }

    /// <summary>Sizes of the call.</summary>
    public required AttentionShape Shape { get; init; }

    /// <summary>Token grid, when the tokens are a video.</summary>
    public TokenGrid? Grid { get; init; }

    /// <summary>Facts of the machine and the software in display order, for example (Processor, 2 cores, AVX2), (Tessera, 0.1.0).</summary>
    public IReadOnlyList<ReportFact> Environment { get; init; } = [];

    /// <summary>The command that makes this report again; empty when there is none.</summary>
    public string Command { get; init; } = string.Empty;

    /// <summary>When it was measured; null leaves the date out, which makes two runs comparable byte for byte.</summary>
    public DateTimeOffset? MeasuredAt { get; init; }

    /// <summary>One row a method, in display order; the dense baseline is the one with <see cref="MethodResult.IsBaseline"/>.</summary>
    public required IReadOnlyList<MethodResult> Methods { get; init; }

    /// <summary>Name of each head, for example its kind; empty shows numbers only.</summary>
    public IReadOnlyList<string> HeadNames { get; init; } = [];

    /// <summary>Attention maps of chosen heads.</summary>
    public IReadOnlyList<HeadMapPair> Maps { get; init; } = [];

    /// <summary>Output clips, when the input was a clip.</summary>
    public ClipComparison? Clips { get; init; }
}
