using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Neural.Layers;

/// <summary>
/// <see cref="GeluTanh"/> in a register: <c>x / (1 + 2^-u)</c> with <c>u = 2 log2(e) sqrt(2/pi) (x + 0.044715 x^3)</c>, float32 lanes
/// throughout. For the layer and for products that apply it to a tile before they store it.
/// </summary>
internal static class GeluTanhLanes<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    // 2 log2(e) sqrt(2 / pi), and the same times 0.044715.
    private const float Linear = 2.3022082f;
    private const float Cubic = 0.10294324f;

    // 2^-u stays finite. From about -13 on the true value is 0 in binary32.
    private const float LargestExponent = 126f;
    private const float Lowest = -16f;

    /// <summary>The function of each lane; a NaN stays one, since comparing with it chooses x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of(TVector x)
    {
        TVector slope = TIsa.MultiplyAdd(TIsa.Multiply(x, x), TIsa.Broadcast(-Cubic), TIsa.Broadcast(-Linear));
        TVector power = Exponential<TIsa, TVector>.Base2(TIsa.Min(TIsa.Multiply(slope, x), TIsa.Broadcast(LargestExponent)));
        return TIsa.Divide(TIsa.SelectLess(x, TIsa.Broadcast(Lowest), TIsa.Zero, x), TIsa.Add(power, TIsa.Broadcast(1f)));
    }
}
