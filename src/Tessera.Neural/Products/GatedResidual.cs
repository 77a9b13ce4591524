using System.Runtime.CompilerServices;

namespace Tessera.Neural.Products;

/// <summary>
/// <c>y = residual + gate sum</c>, one gate a column: the residual connection of adaptive layer norm (Peebles and Xie, "Scalable
/// Diffusion Models with Transformers", 2023). The residual may be the output itself.
/// </summary>
public readonly ref struct GatedResidual : IEpilogue
{
    private readonly ReadOnlySpan<float> _gate;
    private readonly ReadOnlySpan<float> _residual;

    /// <summary>Makes an epilogue.</summary>
    /// <param name="gate">One number a column of the output.</param>
    /// <param name="residual">As the output, with the same stride of rows.</param>
    public GatedResidual(ReadOnlySpan<float> gate, ReadOnlySpan<float> residual)
    {
        _gate = gate;
        _residual = residual;
    }

    static bool IEpilogue.HasGate => true;

    static bool IEpilogue.HasResidual => true;

    ReadOnlySpan<float> IEpilogue.Gate => _gate;

    ReadOnlySpan<float> IEpilogue.Residual => _residual;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector IEpilogue.Finish<TIsa, TVector>(TVector sum, TVector gate, TVector residual) => TIsa.MultiplyAdd(gate, sum, residual);
}
