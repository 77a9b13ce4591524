using Tessera.Backends.Cpu.Isa;

namespace Tessera.Neural.Products;

/// <summary>
/// What happens to the sums of a product, bias included, while they are still in the cache: <see cref="Activated{TActivation}"/>,
/// <see cref="Added{TActivation}"/> or <see cref="GatedResidual"/>. As a type it costs nothing to choose.
/// </summary>
public interface IEpilogue
{
    internal static abstract bool HasGate { get; }

    internal static abstract bool HasResidual { get; }

    internal ReadOnlySpan<float> Gate { get; }

    internal ReadOnlySpan<float> Residual { get; }

    internal static abstract TVector Finish<TIsa, TVector>(TVector sum, TVector gate, TVector residual)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged;
}
