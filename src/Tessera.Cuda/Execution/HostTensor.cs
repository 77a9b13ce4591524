namespace Tessera.Cuda.Execution;

/// <summary>A pinned tensor of the caller, [batch, heads, tokens, channels] with dense channels.</summary>
internal readonly unsafe struct HostTensor
{
    private readonly byte* _first;
    private readonly long _batch;
    private readonly long _heads;
    private readonly long _tokens;
    private readonly long _channels;

    /// <summary>Describes a tensor; strides count elements.</summary>
    public HostTensor(
        byte* first, int elementBytes, (int Batch, int Heads, int Tokens, int Channels) lengths,
        (long Batch, long Head, long Token) strides)
    {
        _first = first;
        ElementBytes = elementBytes;
        (_batch, _heads, _tokens, _channels) = lengths;
        Strides = strides;
    }

    /// <summary>Bytes of an element.</summary>
    public int ElementBytes { get; }

    /// <summary>Elements between sequences, heads and tokens.</summary>
    public (long Batch, long Head, long Token) Strides { get; }

    /// <summary>First byte.</summary>
    public byte* First => _first;

    /// <summary>Bytes of the elements.</summary>
    public long Bytes => _batch * _heads * _tokens * _channels * ElementBytes;

    /// <summary>Rows of all heads.</summary>
    public long Rows => _batch * _heads * _tokens;

    /// <summary>Bytes of a row.</summary>
    public long RowBytes => _channels * ElementBytes;

    /// <summary>
    /// Whether the tensor fills one stretch of memory without gaps and overlaps, in whatever order of axes: then it is copied at once and
    /// the kernels take its strides.
    /// </summary>
    public bool IsOneStretch
    {
        get
        {
            Span<(long Stride, long Length)> axes = [(Strides.Batch, _batch), (Strides.Head, _heads), (Strides.Token, _tokens)];
            axes.Sort(static (left, right) => left.Stride.CompareTo(right.Stride));
            long expected = _channels;
            foreach ((long stride, long length) in axes)
            {
                if (length > 1 && stride != expected)
                {
                    return false;
                }

                expected *= length;
            }

            return true;
        }
    }

    /// <summary>A row, counted over batch, heads and tokens.</summary>
    public byte* Row(long index)
    {
        long token = index % _tokens;
        long head = index / _tokens % _heads;
        long batch = index / _tokens / _heads;
        return _first + (((batch * Strides.Batch) + (head * Strides.Head) + (token * Strides.Token)) * ElementBytes);
    }
}
