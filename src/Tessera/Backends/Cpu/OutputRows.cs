namespace Tessera.Backends.Cpu;

/// <summary>Rows of the strided [batch, heads, tokens, channels] output that the caller has pinned.</summary>
internal readonly unsafe struct OutputRows
{
    private readonly float* _first;
    private readonly nint _batchStride;
    private readonly nint _headStride;
    private readonly nint _tokenStride;

    /// <summary>Takes the strides of a tensor; <paramref name="first"/> is its first element.</summary>
    public OutputRows(float* first, ReadOnlySpan<nint> strides)
    {
        _first = first;
        _batchStride = strides[0];
        _headStride = strides[1];
        _tokenStride = strides[2];
    }

    /// <summary>The row of a token.</summary>
    public float* Row(int batch, int head, int token) => _first + (batch * _batchStride) + (head * _headStride) + (token * _tokenStride);
}
