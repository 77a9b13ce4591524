using System.Numerics.Tensors;
using Tessera.Numerics;
using Tessera.Quantization;

namespace Tessera.Attention;

/// <summary>Rows of one operand that the caller has pinned: <see cref="InputTensor"/> for code that leaves the stack.</summary>
internal readonly unsafe struct RowSource
{
    private readonly byte* _first;
    private readonly nint _batchStride;
    private readonly nint _headStride;
    private readonly nint _tokenStride;

    /// <summary>Takes the strides of a tensor; <paramref name="first"/> is its first element.</summary>
    public RowSource(byte* first, in InputTensor tensor)
    {
        _first = first;
        _batchStride = tensor.StrideBytes(0);
        _headStride = tensor.StrideBytes(1);
        _tokenStride = tensor.StrideBytes(2);
        Format = tensor.Format;
        Channels = tensor.Channels;
        Rotary = tensor.Rotary;
    }

    /// <summary>Type of the elements: Float32, BFloat16 or Float16.</summary>
    public NumberFormat Format { get; }

    /// <summary>Channels of a row.</summary>
    public int Channels { get; }

    /// <summary>Bytes from one token to the next.</summary>
    public nint TokenStride => _tokenStride;

    /// <summary>Bytes of a row.</summary>
    public int RowBytes => Channels * (Format == NumberFormat.Float32 ? 4 : 2);

    /// <summary>What turns the rows; null for none.</summary>
    public RotaryEmbedding? Rotary { get; }

    /// <summary>Whether rows lie in memory as attention reads them.</summary>
    public bool IsDirect => Format == NumberFormat.Float32 && Rotary is null;

    /// <summary>The row of a token in memory, in its own format.</summary>
    public byte* Row(int batch, int head, int token) =>
        _first + (batch * _batchStride) + (head * _headStride) + (token * _tokenStride);

    /// <summary>One element as it lies in memory, not turned.</summary>
    public float Element(int batch, int head, int token, int channel)
    {
        byte* row = Row(batch, head, token);
        return Format switch
        {
            NumberFormat.BFloat16 => (float)((BFloat16*)row)[channel],
            NumberFormat.Float16 => (float)((Half*)row)[channel],
            _ => ((float*)row)[channel],
        };
    }

    /// <summary>A token's channels: in place when <see cref="IsDirect"/>, otherwise in <paramref name="scratch"/>.</summary>
    public float* Read(int batch, int head, int token, float* scratch)
    {
        byte* row = Row(batch, head, token);
        if (IsDirect)
        {
            return (float*)row;
        }

        Span<float> destination = new(scratch, Channels);
        switch (Format)
        {
            case NumberFormat.BFloat16:
                BFloat16.ConvertToSingle(new ReadOnlySpan<BFloat16>(row, Channels), destination);
                break;
            case NumberFormat.Float16:
                TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(row, Channels), destination);
                break;
            default:
                new ReadOnlySpan<float>(row, Channels).CopyTo(destination);
                break;
        }

        Rotary?.Rotate(token, destination, destination);
        return scratch;
    }
}
