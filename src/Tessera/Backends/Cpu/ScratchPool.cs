using System.Runtime.InteropServices;

namespace Tessera.Backends.Cpu;

/// <summary>
/// Keeps the native memory of disposed kernels for the next ones. Online methods compile a kernel in every call, and fresh pages cost more
/// than the rest of compiling: the system clears each of them when it is first touched (16 ms for 38 MB where packing them takes 5).
/// </summary>
/// <remarks>
/// Holds at most <see cref="Limit"/> bytes, the oldest go first; what nobody took during two full garbage collections goes back to the
/// system.
/// </remarks>
internal static unsafe class ScratchPool
{
    /// <summary>Bytes kept: the packed heads of one kernel at the default limit of <see cref="CpuOptions"/>, and its workers.</summary>
    public const long Limit = 288L << 20;

    private const int IdleCollections = 2;

    private static readonly Lock Gate = new();
    private static readonly List<Block> Blocks = [];
    private static long _kept;

    static ScratchPool() => _ = new CollectionSentinel();

    /// <summary>Bytes that the pool holds now.</summary>
    public static long Kept
    {
        get
        {
            lock (Gate)
            {
                return _kept;
            }
        }
    }

    /// <summary>Memory of at least a size, its contents undefined.</summary>
    public static (nint Memory, long Capacity) Rent(long bytes)
    {
        lock (Gate)
        {
            int best = -1;
            for (int i = 0; i < Blocks.Count; i++)
            {
                // A far larger block would starve the kernel that needs it.
                bool fits = Blocks[i].Bytes >= bytes && Blocks[i].Bytes <= bytes + (bytes / 4) + 65536;
                best = fits && (best < 0 || Blocks[i].Bytes < Blocks[best].Bytes) ? i : best;
            }

            if (best >= 0)
            {
                Block block = Blocks[best];
                Blocks.RemoveAt(best);
                _kept -= block.Bytes;
                return (block.Memory, block.Bytes);
            }
        }

        return ((nint)NativeMemory.AlignedAlloc((nuint)bytes, AlignedMemory.Alignment), bytes);
    }

    /// <summary>Takes memory back.</summary>
    public static void Return(nint memory, long bytes)
    {
        lock (Gate)
        {
            Blocks.Add(new Block(memory, bytes, 0));
            _kept += bytes;
            while (_kept > Limit)
            {
                Free(0);
            }
        }
    }

    /// <summary>Gives everything back to the system.</summary>
    public static void Clear()
    {
        lock (Gate)
        {
            while (Blocks.Count > 0)
            {
                Free(0);
            }
        }
    }

    private static void AfterCollection()
    {
        lock (Gate)
        {
            for (int i = Blocks.Count - 1; i >= 0; i--)
            {
                Blocks[i] = Blocks[i] with { Collections = Blocks[i].Collections + 1 };
                if (Blocks[i].Collections >= IdleCollections)
                {
                    Free(i);
                }
            }
        }
    }

    private static void Free(int index)
    {
        NativeMemory.AlignedFree((void*)Blocks[index].Memory);
        _kept -= Blocks[index].Bytes;
        Blocks.RemoveAt(index);
    }

    private readonly record struct Block(nint Memory, long Bytes, int Collections);

    /// <summary>Unreachable from the start, so its finalizer runs after a collection; once it is old, after full ones only.</summary>
    private sealed class CollectionSentinel
    {
        ~CollectionSentinel()
        {
            AfterCollection();
            GC.ReRegisterForFinalize(this);
        }
    }
}
