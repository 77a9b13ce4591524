using System.Runtime.CompilerServices;

namespace Tessera.Neural.Products;

/// <summary><c>max(x, 0)</c>; NaN stays NaN.</summary>
public readonly struct ReluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector IActivation.Apply<TIsa, TVector>(TVector x) => TIsa.SelectLess(x, TIsa.Zero, TIsa.Zero, x);
}
