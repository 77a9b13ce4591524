namespace Tessera.Wan.Pipeline;

/// <summary>A kind of work within a stage: what its expected time is made of.</summary>
/// <param name="Name">The work, with formats and density where they matter.</param>
/// <param name="Operations">Floating-point operations, two a multiply-add; 0 for work that memory bounds.</param>
/// <param name="Seconds">Expected time.</param>
/// <param name="Basis">Where the rate comes from, in words.</param>
public sealed record EstimatePart(string Name, double Operations, double Seconds, string Basis)
{
    /// <summary>Expected operations a second; null where memory bounds the work.</summary>
    public double? Rate => Operations > 0 && Seconds > 0 ? Operations / Seconds : null;
}
