using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Tessera.Attention;
using Tessera.Backends.Cpu.Isa;
using Tessera.Layout;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>Rows of one head by storage slot, as binary32.</summary>
internal readonly unsafe ref struct SlotRows<TIsa, TVector>
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    // Rows ahead of the one that is read. Orders jump about in memory, where no hardware prefetcher follows; half a kilobyte a row for a
    // few rows neither floods the first-level cache nor comes too late. Asking for padding asks for an address that is never read.
    private const int PrefetchRows = 4;

    private readonly ref readonly RowSource _source;
    private readonly ReadOnlySpan<int> _tokens;
    private readonly byte* _first;
    private readonly nint _stride;
    private readonly float* _widened;
    private readonly int _slots;
    private readonly int _rowBytes;
    private readonly bool _isDirect;

    /// <summary>Binds a head.</summary>
    /// <param name="source">The operand.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="order">Token order; null for natural order.</param>
    /// <param name="slots">Storage slots.</param>
    /// <param name="widened">Scratch for a row that is widened and yet to be turned.</param>
    public SlotRows(in RowSource source, int batch, int head, TokenOrder? order, int slots, float* widened)
    {
        _source = ref source;
        _tokens = order is null ? default : order.TokenAtSlot;
        _first = source.Row(batch, head, 0);
        _stride = source.TokenStride;
        _widened = widened;
        _slots = slots;
        _rowBytes = source.RowBytes;
        _isDirect = source.IsDirect;
    }

    /// <summary>Whether rows are answered in place.</summary>
    public bool IsDirect => _isDirect;

    /// <summary>The row in a slot: in place where it lies as binary32, otherwise in scratch; null for padding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Read(int slot, float* destination)
    {
        int token = TokenAt(slot);
        if (token < 0)
        {
            return null;
        }

        byte* row = _first + (token * _stride);
        return _isDirect ? (float*)row : RowLoading<TIsa, TVector>.Convert(_source, row, token, destination, _widened);
    }

    /// <summary>Asks for the row that will be read a few slots later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchAfter(int slot)
    {
        if (Sse.IsSupported && slot + PrefetchRows < _slots)
        {
            byte* row = _first + (TokenAt(slot + PrefetchRows) * _stride);
            for (int offset = 0; offset < _rowBytes; offset += AlignedMemory.Alignment)
            {
                Sse.Prefetch0(row + offset);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int TokenAt(int slot) => _tokens.IsEmpty ? slot : _tokens[slot];
}
