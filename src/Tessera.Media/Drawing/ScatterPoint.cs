namespace Tessera.Media.Drawing;

/// <summary>A labelled point of a <see cref="ScatterChart"/>.</summary>
/// <param name="Label">Name beside the point.</param>
/// <param name="X">Horizontal value.</param>
/// <param name="Y">Vertical value.</param>
/// <param name="Series">Chooses colour and marker.</param>
public readonly record struct ScatterPoint(string Label, double X, double Y, int Series);
