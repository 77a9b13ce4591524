using System.Runtime.InteropServices;

namespace Tessera.Backends.Cpu;

/// <summary>Native memory on a cache-line boundary, zeroed when made.</summary>
internal sealed unsafe class AlignedMemory : SafeHandle
{
    /// <summary>Bytes of a cache line, the alignment of every arena part.</summary>
    public const int Alignment = 64;

    /// <summary>Allocates.</summary>
    public AlignedMemory(long bytes)
        : base(0, ownsHandle: true)
    {
        Bytes = bytes;
        void* memory = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, Alignment), Alignment);
        NativeMemory.Clear(memory, (nuint)bytes);
        SetHandle((nint)memory);
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
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
