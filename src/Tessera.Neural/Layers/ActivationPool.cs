using System.Runtime.InteropServices;

namespace Tessera.Neural.Layers;

/// <summary>
/// Blocks of activations that live for different times, such as the frames that a causal convolution remembers: rented and returned in
/// any order. A block that was returned is the next one of its size to be rented, so a steady flow allocates nothing. Blocks are aligned
/// to 64 bytes. Not thread-safe.
/// </summary>
public sealed unsafe class ActivationPool : IDisposable
{
    private const int Alignment = 64;

    private readonly Dictionary<int, Stack<nint>> _free = [];
    private readonly HashSet<nint> _all = [];

    /// <summary>Bytes of all blocks, rented or not; it never shrinks before <see cref="Dispose"/>.</summary>
    public long Bytes { get; private set; }

    /// <summary>Blocks that are rented now.</summary>
    public int Rented { get; private set; }

    /// <summary>A block of that many floats, uninitialised.</summary>
    /// <param name="count">Floats.</param>
    public ActivationBlock Rent(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Rented++;
        if (Free(count).TryPop(out nint free))
        {
            return new ActivationBlock((float*)free, count);
        }

        long bytes = ActivationArena.Rounded(count) * sizeof(float);
        float* memory = (float*)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        _all.Add((nint)memory);
        Bytes += bytes;
        return new ActivationBlock(memory, count);
    }

    /// <summary>Gives a block back; it must not be used any more.</summary>
    /// <exception cref="ArgumentException">The block is not of this pool.</exception>
    public void Return(ActivationBlock block)
    {
        fixed (float* start = block.Span)
        {
            if (!_all.Contains((nint)start))
            {
                throw new ArgumentException("The block was not rented from this pool.", nameof(block));
            }

            Rented--;
            Free(block.Span.Length).Push((nint)start);
        }
    }

    /// <summary>Frees all blocks, rented ones included.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the memory of a pool that was forgotten.</summary>
    ~ActivationPool() => Release();

    private Stack<nint> Free(int count)
    {
        if (!_free.TryGetValue(count, out Stack<nint>? stack))
        {
            _free[count] = stack = new Stack<nint>();
        }

        return stack;
    }

    private void Release()
    {
        foreach (nint memory in _all)
        {
            NativeMemory.AlignedFree((void*)memory);
        }

        _all.Clear();
        _free.Clear();
        Bytes = 0;
        Rented = 0;
    }
}
