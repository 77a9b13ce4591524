using System.Runtime.InteropServices;

namespace Tessera.Neural.Products;

/// <summary>
/// Memory of one thread for packed operands and partial sums. It grows when a product needs more and is kept for the next one, so products
/// of the same sizes allocate nothing; it is freed with its thread.
/// </summary>
internal sealed unsafe class ProductScratch
{
    private const int Alignment = 64;

    [ThreadStatic]
    private static ProductScratch? _worker;

    [ThreadStatic]
    private static ProductScratch? _shared;

    private float* _memory;
    private long _capacity;

    private ProductScratch()
    {
    }

    /// <summary>Frees the memory of a thread that has ended.</summary>
    ~ProductScratch() => NativeMemory.AlignedFree(_memory);

    /// <summary>Floats for one item of work; what they held is lost when the thread takes its next item.</summary>
    public static float* Worker(long floats) => (_worker ??= new ProductScratch()).Take(floats);

    /// <summary>Floats that the calling thread prepares and all threads read while one product runs.</summary>
    public static float* Shared(long floats) => (_shared ??= new ProductScratch()).Take(floats);

    /// <summary>Rounds a number of floats up to whole cache lines.</summary>
    public static long Lines(long floats) => (floats + 15) & ~15L;

    private float* Take(long floats)
    {
        if (floats > _capacity)
        {
            NativeMemory.AlignedFree(_memory);
            _capacity = 0;
            _memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), Alignment);
            _capacity = floats;
        }

        return _memory;
    }
}
