using System.Runtime.CompilerServices;

namespace Tessera.Neural.Products;

/// <summary>
/// <c>x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))</c> (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016), computed as
/// <c>x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))</c>, which is the same and does not cancel for negative x.
/// </summary>
public readonly struct GeluTanhActivation : IActivation
{
    private const float Linear = 1.5957691216057308f;
    private const float Cubic = 0.071354816272600f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector IActivation.Apply<TIsa, TVector>(TVector x)
    {
        TVector factor = TIsa.MultiplyAdd(TIsa.Multiply(x, x), TIsa.Broadcast(Cubic), TIsa.Broadcast(Linear));
        return Sigmoid<TIsa, TVector>.Weighted(x, TIsa.Multiply(x, factor));
    }
}
