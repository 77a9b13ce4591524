using System.Runtime.CompilerServices;

namespace Tessera.Neural.Products;

/// <summary><c>x sigmoid(x)</c> (Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units", 2017).</summary>
public readonly struct SiluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector IActivation.Apply<TIsa, TVector>(TVector x) => Sigmoid<TIsa, TVector>.Weighted(x, x);
}
