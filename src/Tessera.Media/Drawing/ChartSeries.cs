namespace Tessera.Media.Drawing;

/// <summary>A named row of values, one a category.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="Values">Values; NaN leaves a gap.</param>
/// <param name="Style">Number of its colour and marker, so that a name looks alike in several charts; null takes its place in the
/// list.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<double> Values, int? Style = null);
