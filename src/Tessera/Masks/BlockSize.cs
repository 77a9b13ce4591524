namespace Tessera.Masks;

/// <summary>Tokens per block of a block mask.</summary>
/// <param name="Query">Query slots per block row.</param>
/// <param name="Key">Key slots per block column.</param>
public readonly record struct BlockSize(int Query, int Key)
{
    /// <summary>64 x 64, the lattice of PAROAttention and the default of the CPU backend.</summary>
    public static BlockSize Default => new(64, 64);

    /// <inheritdoc/>
    public override string ToString() => $"{Query}x{Key}";
}
