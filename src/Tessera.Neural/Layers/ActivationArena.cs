using System.Runtime.InteropServices;

namespace Tessera.Neural.Layers;

/// <summary>
/// Memory for the activations of one forward pass: a stack of float32 blocks, each aligned to 64 bytes, taken in order and given back
/// together. It grows when a pass needs more and keeps its size, so a second pass of the same shape allocates nothing. Not thread-safe.
/// </summary>
public sealed unsafe class ActivationArena : IDisposable
{
    private const int Alignment = 64;
    private const int AlignedFloats = Alignment / sizeof(float);

    private float* _memory;
    private long _capacity;
    private long _used;

    /// <summary>Floats that fit without growing.</summary>
    public long Capacity => _capacity;

    /// <summary>Floats that a block of that many occupies.</summary>
    public static long Rounded(long count) => (count + AlignedFloats - 1) / AlignedFloats * AlignedFloats;

    /// <summary>Gives all blocks back and makes room; blocks taken before are no longer valid.</summary>
    /// <param name="capacity">Floats, the sum of <see cref="Rounded"/> over all blocks to come.</param>
    public void Reset(long capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        _used = 0;
        if (capacity > _capacity)
        {
            Release();
            _memory = (float*)NativeMemory.AlignedAlloc((nuint)capacity * sizeof(float), Alignment);
            _capacity = capacity;
        }
    }

    /// <summary>The next block, uninitialised and valid until <see cref="Reset"/>.</summary>
    /// <exception cref="InvalidOperationException">More was taken than <see cref="Reset"/> made room for.</exception>
    public ActivationBlock Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        long rounded = Rounded(count);
        if (rounded > _capacity - _used)
        {
            throw new InvalidOperationException($"{count} floats exceed the arena: {_used} of {_capacity} are taken.");
        }

        ActivationBlock block = new(_memory + _used, count);
        _used += rounded;
        return block;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the memory of an arena that was forgotten.</summary>
    ~ActivationArena() => Release();

    private void Release()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _capacity = 0;
    }
}
