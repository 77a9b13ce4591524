namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>A prompt with its features.</summary>
/// <param name="Text">The words, for the record.</param>
/// <param name="Rows">Rows of the text encoder without padding, [count, text dim].</param>
/// <param name="Count">Rows.</param>
public sealed record CalibrationPrompt(string Text, float[] Rows, int Count);
