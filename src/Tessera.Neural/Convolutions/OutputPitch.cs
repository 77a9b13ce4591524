namespace Tessera.Neural.Convolutions;

/// <summary>How far lines and frames of an output lie apart, in rows of the product.</summary>
/// <param name="Line">Rows from one line of positions to the next.</param>
/// <param name="Frame">Rows from one frame to the next.</param>
internal readonly record struct OutputPitch(long Line, long Frame);
