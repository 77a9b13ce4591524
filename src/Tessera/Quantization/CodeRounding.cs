namespace Tessera.Quantization;

/// <summary>Rounding of codes.</summary>
public enum CodeRounding
{
    /// <summary>To nearest, ties to even.</summary>
    Nearest = 0,

    /// <summary>Toward zero, as the released PARO kernel does.</summary>
    TowardZero,
}
