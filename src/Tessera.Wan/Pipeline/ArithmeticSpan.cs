namespace Tessera.Wan.Pipeline;

/// <summary>A stretch of a generation and how it was computed.</summary>
/// <param name="FirstStep">First denoising step, from 0, where text is encoded too; the number of steps where only decoding was
/// left.</param>
/// <param name="Arithmetic">How it was computed, up to the next stretch or the end.</param>
public sealed record ArithmeticSpan(int FirstStep, GenerationArithmetic Arithmetic);
