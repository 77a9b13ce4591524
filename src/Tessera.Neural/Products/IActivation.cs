using Tessera.Backends.Cpu.Isa;

namespace Tessera.Neural.Products;

/// <summary>
/// A function of one number that a product applies to its sums before it writes them. As a type it costs nothing to choose: every
/// activation gets loops of its own. The set is closed, because an activation is written over the vector widths of the core.
/// </summary>
public interface IActivation
{
    internal static abstract TVector Apply<TIsa, TVector>(TVector x)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged;
}
