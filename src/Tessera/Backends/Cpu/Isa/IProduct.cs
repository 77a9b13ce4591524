namespace Tessera.Backends.Cpu.Isa;

/// <summary>
/// The inner operation of a tile product. One step takes 32 bits of A, repeated in every lane, and a register of B: one float each, or four
/// bytes of the inner dimension each (u8 in A, s8 in B). The tile kernel is one loop over this operation, whatever the number format.
/// </summary>
/// <typeparam name="TVector">The register.</typeparam>
internal interface IProduct<TVector>
    where TVector : unmanaged
{
    /// <summary>Whether the operands are bytes and the sums 32-bit integers; floats otherwise.</summary>
    static abstract bool IsInteger { get; }

    /// <summary>
    /// Steps after which narrow sums must be widened by <see cref="Widen"/>; 0 when sums are wide from the start.
    /// </summary>
    static abstract int WidenEvery { get; }

    /// <summary>Sums with one more step.</summary>
    static abstract TVector Accumulate(TVector sums, TVector a, TVector b);

    /// <summary>Narrow sums as wide ones.</summary>
    static abstract TVector Widen(TVector sums);
}
