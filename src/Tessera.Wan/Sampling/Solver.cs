namespace Tessera.Wan.Sampling;

/// <summary>How a sample follows the velocity from noise to video, with the noise levels that belong to it.</summary>
public enum Solver
{
    /// <summary>UniPC of order 2 at the noise levels of the original Wan2.1 code, its default.</summary>
    UniPc,

    /// <summary>UniPC of order 2 at the noise levels of diffusers.</summary>
    UniPcDiffusers,

    /// <summary>Euler steps at the noise levels of diffusers, which shift twice.</summary>
    Euler,

    /// <summary>DPM-Solver++ of order 2, multistep, at the noise levels of the original Wan2.1 code.</summary>
    DpmPlusPlus,
}
