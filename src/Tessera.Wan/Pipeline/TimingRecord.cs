namespace Tessera.Wan.Pipeline;

/// <summary>Where the time of a generation went, in seconds; of a resumed one, all its parts.</summary>
/// <param name="TextEncoding">Encoding of the prompts.</param>
/// <param name="Denoising">All steps.</param>
/// <param name="Decoding">Decoding of the latent.</param>
/// <param name="Steps">Each step.</param>
public sealed record TimingRecord(double TextEncoding, double Denoising, double Decoding, IReadOnlyList<StepTiming> Steps)
{
    /// <summary>All stages.</summary>
    public double Total => TextEncoding + Denoising + Decoding;
}
