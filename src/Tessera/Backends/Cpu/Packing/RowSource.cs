using Tessera.Layout;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>Rows of one strided [batch, heads, tokens, channels] tensor that the caller has pinned.</summary>
internal readonly unsafe struct RowSource
{
    private readonly float* _first;
    private readonly nint _batchStride;
    private readonly nint _headStride;
    private readonly nint _tokenStride;

    /// <summary>Takes the strides of a tensor; <paramref name="first"/> is its first element.</summary>
    public RowSource(float* first, ReadOnlySpan<nint> strides)
    {
        _first = first;
        _batchStride = strides[0];
        _headStride = strides[1];
        _tokenStride = strides[2];
    }

    /// <summary>The row of a token.</summary>
    public float* Row(int batch, int head, int token) => _first + (batch * _batchStride) + (head * _headStride) + (token * _tokenStride);

    /// <summary>The row in a storage slot, or null for padding.</summary>
    public float* SlotRow(int batch, int head, TokenOrder? order, int slot)
    {
        int token = order is null ? slot : order.TokenAt(slot);
        return token < 0 ? null : Row(batch, head, token);
    }
}
