namespace Tessera.Methods.Fps;

/// <summary>FPSAttention's three phases of a generation, noisiest first.</summary>
public enum FpsPhase
{
    /// <summary>u above 1 - alpha1: coarse scales, sparse window.</summary>
    Early = 0,

    /// <summary>Between: the most error-sensitive steps, with fine scales and the dense window.</summary>
    Middle,

    /// <summary>u at most 1 - alpha2: intermediate scales, medium window.</summary>
    Late,
}
