namespace Tessera.Media.Drawing;

/// <summary>A named row of values, one a category.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="Values">Values; NaN leaves a gap.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<double> Values);
