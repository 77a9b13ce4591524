namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>How far a calibration has come.</summary>
/// <param name="Prompt">Prompt at work, from 0.</param>
/// <param name="Prompts">Prompts in all.</param>
/// <param name="Step">Step at work, from 0.</param>
/// <param name="Steps">Steps that run for a prompt; later ones are not looked at.</param>
/// <param name="Fraction">Share done, 0 to 1, by layers.</param>
/// <param name="Remaining">Expected time to the end; null until a step has been measured.</param>
public readonly record struct CalibrationProgress(
    int Prompt, int Prompts, int Step, int Steps, double Fraction, TimeSpan? Remaining);
