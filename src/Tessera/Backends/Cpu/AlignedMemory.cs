using System.Runtime.InteropServices;

namespace Tessera.Backends.Cpu;

/// <summary>
/// Native memory on a cache-line boundary, from the <see cref="ScratchPool"/>. What it holds at first is whatever its last user left, so
/// owners write before they read or ask for zeros.
/// </summary>
internal sealed unsafe class AlignedMemory : SafeHandle
{
    /// <summary>Bytes of a cache line, the alignment of every arena part.</summary>
    public const int Alignment = 64;

    private readonly long _capacity;

    /// <summary>Takes memory.</summary>
    /// <param name="bytes">Size.</param>
    /// <param name="zeroed">Whether to clear it; large arenas that are written anyway save the pass.</param>
    public AlignedMemory(long bytes, bool zeroed)
        : base(0, ownsHandle: true)
    {
        Bytes = bytes;
        (nint memory, _capacity) = ScratchPool.Rent(Math.Max(bytes, Alignment));
        SetHandle(memory);
        if (zeroed)
        {
            NativeMemory.Clear((void*)memory, (nuint)bytes);
        }
    }

    /// <summary>Size.</summary>
    public long Bytes { get; }

    /// <summary>First byte.</summary>
    public byte* Pointer => IsClosed ? throw new ObjectDisposedException(nameof(AlignedMemory)) : (byte*)handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Rounds a size up to the alignment.</summary>
    public static long Align(long bytes) => (bytes + Alignment - 1) & -Alignment;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        ScratchPool.Return(handle, _capacity);
        return true;
    }
}
