using System.Runtime.CompilerServices;

namespace Tessera.Neural.Products;

/// <summary><c>y = activation(residual + sum)</c>. The residual may be the output itself, which is then added to.</summary>
/// <typeparam name="TActivation">The function; <see cref="NoActivation"/> for a plain residual.</typeparam>
public readonly ref struct Added<TActivation> : IEpilogue
    where TActivation : struct, IActivation
{
    private readonly ReadOnlySpan<float> _residual;

    /// <summary>Makes an epilogue.</summary>
    /// <param name="residual">As the output, with the same stride of rows.</param>
    public Added(ReadOnlySpan<float> residual) => _residual = residual;

    static bool IEpilogue.HasGate => false;

    static bool IEpilogue.HasResidual => true;

    ReadOnlySpan<float> IEpilogue.Gate => [];

    ReadOnlySpan<float> IEpilogue.Residual => _residual;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector IEpilogue.Finish<TIsa, TVector>(TVector sum, TVector gate, TVector residual) =>
        TActivation.Apply<TIsa, TVector>(TIsa.Add(residual, sum));
}
