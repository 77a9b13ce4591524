namespace Tessera.Cuda.Memory;

/// <summary>
/// Lays stretches of device memory one after the other, so that a compiled plan holds one allocation and a run allocates nothing. Pure
/// arithmetic: the same calls give the same offsets.
/// </summary>
internal sealed class ArenaLayout
{
    /// <summary>Alignment of every stretch: a sector of cache and more than any vector load or bulk copy wants.</summary>
    public const int Alignment = 256;

    /// <summary>Bytes so far, aligned.</summary>
    public long Bytes { get; private set; }

    /// <summary>Appends a stretch; one of no bytes takes no place.</summary>
    public ArenaSlice Add(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArenaSlice slice = new(Bytes, bytes);
        Bytes = checked((Bytes + bytes + Alignment - 1) / Alignment * Alignment);
        return slice;
    }
}
