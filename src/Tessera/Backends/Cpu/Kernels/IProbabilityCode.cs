using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>How softmax numerators become codes. Numerators arrive multiplied by the code of one.</summary>
internal interface IProbabilityCode<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    /// <summary>Numerators stay as they are: no codes, no tile references.</summary>
    static abstract bool IsUnrounded { get; }

    /// <summary>Codes are written as bytes for an integer PV; otherwise their values are written as floats.</summary>
    static abstract bool StoresBytes { get; }

    /// <summary>Codes are at most 8 bits wide, so a shorter exponential suffices.</summary>
    static abstract bool IsCoarse { get; }

    /// <summary>
    /// Codes are rounded towards zero, so a numerator of exactly the code of one must arrive as that and not a rounding below: the
    /// exponential is then taken relative to the reference itself and multiplied by the code of one.
    /// </summary>
    static abstract bool Truncates { get; }

    /// <summary>
    /// The code of a numerator, as a register whose low bytes are the codes when <see cref="StoresBytes"/>, as a float otherwise.
    /// </summary>
    static abstract TVector Encode(TVector numerator);

    /// <summary>The number a code stands for, as a float.</summary>
    static abstract TVector Decode(TVector code);
}
