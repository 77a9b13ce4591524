namespace Tessera.Media.Drawing;

/// <summary>Colours and type of all charts, as CSS that follows the reader's light or dark scheme.</summary>
public static class ChartStyle
{
    /// <summary>Series that have a colour of their own; later ones repeat them.</summary>
    public const int SeriesCount = 12;

    /// <summary>The style sheet. A page that shows charts inline includes it once; a chart saved alone carries it.</summary>
    public const string Css = """
        .tessera-chart { --chart-ink: #1f2733; --chart-muted: #667085; --chart-grid: #e4e7ec;
          --s0: #3468c0; --s1: #d9722e; --s2: #23907f; --s3: #ab4378; --s4: #84901f; --s5: #7358bd; --s6: #c2453c; --s7: #4d84a0; --s8: #8a6a34; --s9: #559340; --s10: #c95a94; --s11: #6b7280;
          font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-size: 12px; font-variant-numeric: tabular-nums; }
        @media (prefers-color-scheme: dark) { .tessera-chart { --chart-ink: #e6e9ef; --chart-muted: #98a2b3; --chart-grid: #313946;
          --s0: #6f9df0; --s1: #f0955a; --s2: #4fc0ad; --s3: #d979ab; --s4: #b5c24d; --s5: #a48cf0; --s6: #ee766c; --s7: #7fb6d2; --s8: #c9a766; --s9: #8cc977; --s10: #ee93bf; --s11: #a3abb8; } }
        .tessera-chart text { fill: var(--chart-ink); }
        .tessera-chart .muted { fill: var(--chart-muted); }
        .tessera-chart .grid { stroke: var(--chart-grid); stroke-width: 1; }
        .tessera-chart .axis { stroke: var(--chart-muted); stroke-width: 1; }
        .tessera-chart .rule { stroke: var(--chart-muted); stroke-width: 1; stroke-dasharray: 4 4; }
        .tessera-chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .tessera-chart .value { font-size: 11px; }

        """;

    /// <summary>The fill of a series.</summary>
    internal static string Fill(int series) => $"fill:var(--s{series % SeriesCount})";

    /// <summary>The stroke of a series.</summary>
    internal static string Stroke(int series) => $"stroke:var(--s{series % SeriesCount})";
}
