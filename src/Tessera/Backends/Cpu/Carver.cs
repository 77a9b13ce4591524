namespace Tessera.Backends.Cpu;

/// <summary>Cuts one allocation into aligned parts. With no memory it only counts, so sizes and places come from one list.</summary>
internal unsafe ref struct Carver(byte* memory)
{
    private readonly byte* _memory = memory;

    /// <summary>Bytes taken so far.</summary>
    public long Taken { get; private set; }

    /// <summary>The next part.</summary>
    public byte* Take(long bytes)
    {
        byte* part = _memory == null ? null : _memory + Taken;
        Taken += AlignedMemory.Align(bytes);
        return part;
    }
}
