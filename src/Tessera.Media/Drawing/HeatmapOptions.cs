namespace Tessera.Media.Drawing;

/// <summary>How a matrix becomes a picture.</summary>
public sealed record HeatmapOptions
{
    /// <summary>Pixels of a cell's side.</summary>
    public int CellSize { get; init; } = 2;

    /// <summary>Value of the brightest colour; null takes the largest value.</summary>
    public float? Maximum { get; init; }

    /// <summary>Exponent of the normalised value when <see cref="Decades"/> is 0; below 1 lifts small values.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>
    /// Powers of ten from the darkest to the brightest colour on a logarithmic scale; 0 is a scale by <see cref="Gamma"/>.
    /// </summary>
    public double Decades { get; init; }

    /// <summary>
    /// Whether a line runs along the border between kept and dropped cells. It helps with large blocks and clutters small ones.
    /// </summary>
    public bool OutlinesKept { get; init; }
}
