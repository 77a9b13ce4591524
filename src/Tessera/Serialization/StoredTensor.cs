using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Tessera.Serialization;

/// <summary>
/// One tensor as it was stored: element type, shape and row-major little-endian bytes, mapped and not copied. Readers convert what they
/// need while they need it, so a model of many gigabytes is open at once. Valid until the file it came from is closed; safe for concurrent
/// readers.
/// </summary>
/// <remarks>
/// As a matrix it has <see cref="Rows"/> = its first extent, and all other extents together make a row. Low-bit weights may have
/// <see cref="Scales"/>: a value is then the stored number times its factor, rounded once.
/// </remarks>
public sealed class StoredTensor
{
    private readonly FileRegion _region;
    private readonly long _offset;
    private readonly float[] _scales;

    internal StoredTensor(TensorDescription description, FileRegion region, long offset)
        : this(description, region, offset, [])
    {
    }

    private StoredTensor(TensorDescription description, FileRegion region, long offset, float[] scales)
    {
        Description = description;
        _region = region;
        _offset = offset;
        _scales = scales;
        Rows = description.Shape.Count == 0 ? 1 : description.Shape[0];
        RowLength = Rows == 0 ? 0 : description.ElementCount / Rows;
    }

    /// <summary>Name, element type and shape.</summary>
    public TensorDescription Description { get; }

    /// <summary>Name.</summary>
    public string Name => Description.Name;

    /// <summary>Element type.</summary>
    public TensorDataType DataType => Description.DataType;

    /// <summary>Extents, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape => Description.Shape;

    /// <summary>Product of the shape.</summary>
    public long ElementCount => Description.ElementCount;

    /// <summary>First extent; 1 for a scalar.</summary>
    public long Rows { get; }

    /// <summary>Elements of a row: the product of all extents but the first.</summary>
    public long RowLength { get; }

    /// <summary>
    /// Factors of the stored numbers: none, one for all, or one for each row. <see cref="ReadSingle(long, Span{float})"/> applies them;
    /// who reads <see cref="Bytes"/> has to.
    /// </summary>
    public ReadOnlySpan<float> Scales => _scales;

    /// <summary>Makes a tensor of values that are in memory already.</summary>
    /// <param name="name">Name.</param>
    /// <param name="shape">Extents, outermost first; empty for a scalar.</param>
    /// <param name="values">Row-major values, as many as the shape says; copied.</param>
    /// <exception cref="ArgumentException">The count does not fit the shape.</exception>
    public static StoredTensor FromValues<T>(string name, ReadOnlySpan<long> shape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(name);
        long elements = 1;
        foreach (long extent in shape)
        {
            elements = checked(elements * extent);
        }

        if (elements != values.Length)
        {
            throw new ArgumentException(
                $"Tensor '{name}' of shape [{string.Join(", ", shape.ToArray())}] needs {elements} values; got {values.Length}.",
                nameof(values));
        }

        TensorDescription description = new(name, TensorDataTypes.Of<T>(), shape.ToArray(), elements, offset: 0);
        return new StoredTensor(description, FileRegion.Copy(MemoryMarshal.AsBytes(values), name), 0);
    }

    /// <summary>The same tensor with factors; its data is shared.</summary>
    /// <param name="scales">One number for all, or one for each row; read now.</param>
    /// <exception cref="TensorFormatException">This is no unscaled tensor of 8-bit numbers, or the factors are not as many as wanted or
    /// not finite.</exception>
    public StoredTensor ScaledBy(StoredTensor scales)
    {
        ArgumentNullException.ThrowIfNull(scales);
        if (DataType is not (TensorDataType.Int8 or TensorDataType.Float8E4M3 or TensorDataType.Float8E5M2) || _scales.Length > 0)
        {
            throw new TensorFormatException($"{_region.Source}: tensor {this} takes no scales {scales}; wanted unscaled 8-bit numbers.");
        }

        if (scales.ElementCount != 1 && scales.ElementCount != Rows)
        {
            throw new TensorFormatException($"{_region.Source}: {scales} does not scale {this}; wanted 1 or {Rows} numbers.");
        }

        float[] factors = scales.ReadSingle();
        int fault = Array.FindIndex(factors, static factor => !float.IsFinite(factor));
        return fault < 0
            ? new StoredTensor(Description, _region, _offset, factors)
            : throw new TensorFormatException($"{_region.Source}: tensor '{scales.Name}' holds {factors[fault]} at element {fault}.");
    }

    /// <summary>
    /// Raw little-endian bytes of some elements. The span is valid until the file is closed; using it later is undefined.
    /// </summary>
    /// <param name="start">First element, row-major.</param>
    /// <param name="count">Elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part exceeds the tensor or 2^31-1 bytes.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public ReadOnlySpan<byte> Bytes(long start, int count)
    {
        int size = DataType.ByteSize();
        if (start < 0 || count < 0 || start > ElementCount - count || count > int.MaxValue / size)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), start, $"Tensor '{Name}' has {ElementCount} elements; {count} from {start} exceed it or a span.");
        }

        return _region.Slice(_offset + (start * size), count * size);
    }

    /// <summary>
    /// Some elements as binary32, row-major; 64-bit floats, large integers and products with <see cref="Scales"/> round to nearest, all
    /// else is exact.
    /// </summary>
    /// <param name="start">First element.</param>
    /// <param name="destination">Receives as many elements as it holds.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part exceeds the tensor.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public void ReadSingle(long start, Span<float> destination)
    {
        if (start < 0 || start > ElementCount - destination.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), start, $"Tensor '{Name}' has {ElementCount} elements; {destination.Length} from {start} exceed it.");
        }

        // Parts keep the byte length of a span below 2^31 for the widest type.
        const int Part = 1 << 26;
        while (destination.Length > 0)
        {
            int count = Math.Min(Part, destination.Length);
            TensorConversion.ToSingle(Bytes(start, count), DataType, destination[..count]);
            Scale(start, destination[..count]);
            destination = destination[count..];
            start += count;
        }
    }

    /// <summary>The whole tensor as binary32.</summary>
    /// <exception cref="TensorFormatException">It exceeds an array: read it in parts.</exception>
    public float[] ReadSingle()
    {
        if (ElementCount > Array.MaxLength)
        {
            throw new TensorFormatException(
                $"{_region.Source}: tensor '{Name}' has {ElementCount} elements, too many for one array; read it in parts.");
        }

        float[] values = new float[ElementCount];
        ReadSingle(0, values);
        return values;
    }

    /// <summary>
    /// Asks the operating system to read the tensor from disk ahead of its use. A hint: nothing happens where there is no such call.
    /// </summary>
    public void Prefetch() => _region.Advise(_offset, Description.ByteLength, MemoryAdvice.WillNeed);

    /// <summary>
    /// Takes the tensor's pages out of the working set of the process; they stay in the file cache and come back when they are read again.
    /// A hint: nothing happens where there is no such call. Safe while others read.
    /// </summary>
    public void Release() => _region.Advise(_offset, Description.ByteLength, MemoryAdvice.Release);

    /// <inheritdoc/>
    public override string ToString() => Description.ToString();

    private void Scale(long start, Span<float> values)
    {
        if (_scales.Length == 1)
        {
            TensorPrimitives.Multiply(values, _scales[0], values);
        }

        // Row by row; the first and the last row may be parts.
        for (int done = 0; _scales.Length > 1 && done < values.Length;)
        {
            (long row, long column) = Math.DivRem(start + done, RowLength);
            Span<float> part = values.Slice(done, (int)Math.Min(values.Length - done, RowLength - column));
            TensorPrimitives.Multiply(part, _scales[row], part);
            done += part.Length;
        }
    }
}
