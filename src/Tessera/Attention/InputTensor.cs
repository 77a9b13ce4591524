using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tessera.Numerics;
using Tessera.Quantization;

namespace Tessera.Attention;

/// <summary>
/// One operand of a call: [batch, heads, tokens, channels] of binary32, bfloat16 or binary16 with any strides whose last dimension is
/// dense. 16-bit elements are widened (exactly) when a row is read; there is no converted copy of the tensor anywhere.
/// </summary>
/// <remarks>
/// Elements are read as attention sees them: as query or key of <see cref="AttentionInputs"/> with a rotary embedding, rotated.
/// </remarks>
public readonly ref struct InputTensor
{
    private readonly ref readonly byte _first;
    private readonly FourAxes _lengths;
    private readonly FourAxes _strides;
    private readonly int _rank;

    /// <summary>Wraps binary32 data.</summary>
    /// <param name="tensor">[B, H, L, D]; the rank and the channel stride are checked by <see cref="AttentionInputs"/>.</param>
    public InputTensor(ReadOnlyTensorSpan<float> tensor)
        : this(in Unsafe.As<float, byte>(ref Unsafe.AsRef(in tensor.GetPinnableReference())), NumberFormat.Float32, tensor.Lengths,
            tensor.Strides)
    {
    }

    /// <summary>Wraps bfloat16 data.</summary>
    /// <inheritdoc cref="InputTensor(ReadOnlyTensorSpan{float})"/>
    public InputTensor(ReadOnlyTensorSpan<BFloat16> tensor)
        : this(in Unsafe.As<BFloat16, byte>(ref Unsafe.AsRef(in tensor.GetPinnableReference())), NumberFormat.BFloat16, tensor.Lengths,
            tensor.Strides)
    {
    }

    /// <summary>Wraps binary16 data.</summary>
    /// <inheritdoc cref="InputTensor(ReadOnlyTensorSpan{float})"/>
    public InputTensor(ReadOnlyTensorSpan<Half> tensor)
        : this(in Unsafe.As<Half, byte>(ref Unsafe.AsRef(in tensor.GetPinnableReference())), NumberFormat.Float16, tensor.Lengths,
            tensor.Strides)
    {
    }

    private InputTensor(
        ref readonly byte first, NumberFormat format, scoped ReadOnlySpan<nint> lengths, scoped ReadOnlySpan<nint> strides)
    {
        _first = ref first;
        Format = format;
        _rank = lengths.Length;
        for (int axis = 0; axis < Math.Min(4, _rank); axis++)
        {
            _lengths[axis] = lengths[axis];
            _strides[axis] = strides[axis];
        }
    }

    private InputTensor(InputTensor tensor, RotaryEmbedding? rotary)
    {
        this = tensor;
        Rotary = rotary;
    }

    /// <summary>Type of the elements: Float32, BFloat16 or Float16.</summary>
    public NumberFormat Format { get; }

    /// <summary>Batch entries.</summary>
    public int Batch => (int)_lengths[0];

    /// <summary>Heads.</summary>
    public int Heads => (int)_lengths[1];

    /// <summary>Tokens.</summary>
    public int Tokens => (int)_lengths[2];

    /// <summary>Channels of a token.</summary>
    public int Channels => (int)_lengths[3];

    /// <summary>What turns the rows; null for none.</summary>
    internal RotaryEmbedding? Rotary { get; }

    /// <summary>Whether rows lie in memory as attention reads them.</summary>
    internal bool IsDirect => Format == NumberFormat.Float32 && Rotary is null;

    /// <summary>Bytes of an element.</summary>
    internal int ElementBytes => Format == NumberFormat.Float32 ? 4 : 2;

    /// <summary>One element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An index is out of range.</exception>
    public float this[int batch, int head, int token, int channel]
    {
        get
        {
            RequireRow(batch, head, token);
            ArgumentOutOfRangeException.ThrowIfNegative(channel);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(channel, Channels);
            if (Rotary is null)
            {
                return Element(in RowAt(batch, head, token), channel);
            }

            Span<float> row = Channels <= AttentionShape.MaximumHeadDim ? stackalloc float[Channels] : new float[Channels];
            CopyRow(batch, head, token, row);
            return row[channel];
        }
    }

    /// <summary>Wraps binary32 data.</summary>
    public static implicit operator InputTensor(ReadOnlyTensorSpan<float> tensor) => new(tensor);

    /// <summary>Wraps bfloat16 data.</summary>
    public static implicit operator InputTensor(ReadOnlyTensorSpan<BFloat16> tensor) => new(tensor);

    /// <summary>Wraps binary16 data.</summary>
    public static implicit operator InputTensor(ReadOnlyTensorSpan<Half> tensor) => new(tensor);

    /// <summary>Copies one token's channels as binary32.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An index is out of range.</exception>
    /// <exception cref="ArgumentException">The destination is shorter than a row.</exception>
    public void CopyRow(int batch, int head, int token, Span<float> destination)
    {
        RequireRow(batch, head, token);
        ref readonly byte row = ref RowAt(batch, head, token);
        switch (Format)
        {
            case NumberFormat.BFloat16:
                BFloat16.ConvertToSingle(MemoryMarshal.CreateReadOnlySpan(in As<BFloat16>(in row), Channels), destination);
                break;
            case NumberFormat.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.CreateReadOnlySpan(in As<Half>(in row), Channels), destination);
                break;
            default:
                MemoryMarshal.CreateReadOnlySpan(in As<float>(in row), Channels).CopyTo(destination);
                break;
        }

        Rotary?.Rotate(token, destination[..Channels], destination);
    }

    /// <summary>The first element's first byte; for <c>fixed</c>.</summary>
    internal ref readonly byte GetPinnableReference() => ref _first;

    /// <summary>Bytes from one index of an axis to the next.</summary>
    internal nint StrideBytes(int axis) => _strides[axis] * ElementBytes;

    /// <summary>One token's channels: in place when <see cref="IsDirect"/>, otherwise in <paramref name="scratch"/>.</summary>
    internal ReadOnlySpan<float> Row(int batch, int head, int token, Span<float> scratch)
    {
        if (IsDirect)
        {
            return MemoryMarshal.CreateReadOnlySpan(in As<float>(in RowAt(batch, head, token)), Channels);
        }

        CopyRow(batch, head, token, scratch);
        return scratch[..Channels];
    }

    internal InputTensor WithRotary(RotaryEmbedding? rotary) => new(this, rotary);

    /// <summary>Checks the dimensions and the channel stride.</summary>
    /// <exception cref="ArgumentException">They do not fit; the message names the operand.</exception>
    internal void RequireLayout(string name)
    {
        if (_rank != 4)
        {
            throw new ArgumentException($"{name} has {_rank} dimensions; wanted [batch, heads, tokens, channels].", name);
        }

        if (_lengths[3] > 1 && _strides[3] != 1)
        {
            throw new ArgumentException($"{name} has stride {_strides[3]} between channels; wanted 1 (channels must be contiguous).", name);
        }
    }

    /// <summary>Sizes, for messages.</summary>
    internal string Describe() => $"{_lengths[0]}, {_lengths[1]}, {_lengths[2]}, {_lengths[3]}";

    private static ref readonly T As<T>(ref readonly byte row) => ref Unsafe.As<byte, T>(ref Unsafe.AsRef(in row));

    private float Element(ref readonly byte row, int channel) => Format switch
    {
        NumberFormat.BFloat16 => (float)Unsafe.Add(ref Unsafe.AsRef(in As<BFloat16>(in row)), channel),
        NumberFormat.Float16 => (float)Unsafe.Add(ref Unsafe.AsRef(in As<Half>(in row)), channel),
        _ => Unsafe.Add(ref Unsafe.AsRef(in As<float>(in row)), channel),
    };

    private ref readonly byte RowAt(int batch, int head, int token) => ref Unsafe.AddByteOffset(
        ref Unsafe.AsRef(in _first), (batch * StrideBytes(0)) + (head * StrideBytes(1)) + (token * StrideBytes(2)));

    private void RequireRow(int batch, int head, int token)
    {
        if ((uint)batch >= (uint)Batch || (uint)head >= (uint)Heads || (uint)token >= (uint)Tokens)
        {
            throw new ArgumentOutOfRangeException(
                nameof(token), $"Row ({batch}, {head}, {token}) lies outside [{Describe()}]; wanted batch, head and token within it.");
        }
    }

    [InlineArray(4)]
    private struct FourAxes
    {
        private nint _element;
    }
}
