using System.Runtime.CompilerServices;

namespace Tessera.Neural.Products;

/// <summary>The identity.</summary>
public readonly struct NoActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector IActivation.Apply<TIsa, TVector>(TVector x) => x;
}
