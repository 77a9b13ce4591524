namespace Tessera.Methods.Fps;

/// <summary>One row of <see cref="Float8ErrorTable"/>.</summary>
/// <param name="Setting">Data and recipe.</param>
/// <param name="Figure">What the numbers are.</param>
/// <param name="Recorded">The figure recorded before this program existed, simulated independently in another language with another
/// seed.</param>
/// <param name="Measured">The figure of this run.</param>
public sealed record Float8ErrorRow(string Setting, string Figure, double Recorded, double Measured);
