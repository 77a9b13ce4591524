using System.Runtime.CompilerServices;

namespace Tessera.Neural.Products;

/// <summary><c>y = activation(sum)</c>.</summary>
/// <typeparam name="TActivation">The function.</typeparam>
public readonly struct Activated<TActivation> : IEpilogue
    where TActivation : struct, IActivation
{
    static bool IEpilogue.HasGate => false;

    static bool IEpilogue.HasResidual => false;

    ReadOnlySpan<float> IEpilogue.Gate => [];

    ReadOnlySpan<float> IEpilogue.Residual => [];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector IEpilogue.Finish<TIsa, TVector>(TVector sum, TVector gate, TVector residual) => TActivation.Apply<TIsa, TVector>(sum);
}
