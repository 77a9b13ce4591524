using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>binary32, not rounded.</summary>
internal readonly struct UnroundedProbability<TIsa, TVector> : IProbabilityCode<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    public static bool IsUnrounded => true;

    public static bool StoresBytes => false;

    public static bool IsCoarse => false;

    public static bool Truncates => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Encode(TVector numerator) => numerator;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Decode(TVector code) => code;
}

/// <summary>Integers rounded to nearest, ties to even, stored as bytes.</summary>
internal readonly struct NearestByteProbability<TIsa, TVector> : IProbabilityCode<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    public static bool IsUnrounded => false;

    public static bool StoresBytes => true;

    public static bool IsCoarse => true;

    public static bool Truncates => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Encode(TVector numerator) => TIsa.Add(numerator, TIsa.Broadcast(Exponential<TIsa, TVector>.RoundingShift));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Decode(TVector code) => TIsa.Subtract(code, TIsa.Broadcast(Exponential<TIsa, TVector>.RoundingShift));
}

/// <summary>Integers rounded towards zero, stored as bytes.</summary>
internal readonly struct TruncatedByteProbability<TIsa, TVector> : IProbabilityCode<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    public static bool IsUnrounded => false;

    public static bool StoresBytes => true;

    public static bool IsCoarse => true;

    public static bool Truncates => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Encode(TVector numerator) =>
        TIsa.Add(TIsa.Truncate(numerator), TIsa.Broadcast(Exponential<TIsa, TVector>.RoundingShift));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Decode(TVector code) => TIsa.Subtract(code, TIsa.Broadcast(Exponential<TIsa, TVector>.RoundingShift));
}

/// <summary>Integers rounded to nearest, ties to even, kept as floats for a float PV.</summary>
internal readonly struct NearestIntegerProbability<TIsa, TVector> : IProbabilityCode<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    public static bool IsUnrounded => false;

    public static bool StoresBytes => false;

    public static bool IsCoarse => true;

    public static bool Truncates => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Encode(TVector numerator)
    {
        TVector shift = TIsa.Broadcast(Exponential<TIsa, TVector>.RoundingShift);
        return TIsa.Subtract(TIsa.Add(numerator, shift), shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Decode(TVector code) => code;
}

/// <summary>Integers rounded towards zero, kept as floats for a float PV.</summary>
internal readonly struct TruncatedIntegerProbability<TIsa, TVector> : IProbabilityCode<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    public static bool IsUnrounded => false;

    public static bool StoresBytes => false;

    public static bool IsCoarse => true;

    public static bool Truncates => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Encode(TVector numerator) => TIsa.Truncate(numerator);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Decode(TVector code) => code;
}

/// <summary>A narrow floating-point format, kept as floats.</summary>
internal readonly struct NarrowFloatProbability<TIsa, TVector, TFormat> : IProbabilityCode<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TFormat : struct, INarrowFloat
{
    public static bool IsUnrounded => false;

    public static bool StoresBytes => false;

    public static bool IsCoarse => TFormat.DroppedBits > 16;

    public static bool Truncates => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Encode(TVector numerator) => MantissaRounding<TIsa, TVector, TFormat>.Round(numerator);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Decode(TVector code) => code;
}
