namespace Tessera.Serialization;

/// <summary>One tensor of a file, without its data.</summary>
public sealed class TensorDescription
{
    internal TensorDescription(string name, TensorDataType dataType, long[] shape, long elementCount, long offset)
    {
        Name = name;
        DataType = dataType;
        Shape = shape;
        ElementCount = elementCount;
        Offset = offset;
    }

    /// <summary>Name.</summary>
    public string Name { get; }

    /// <summary>Element type.</summary>
    public TensorDataType DataType { get; }

    /// <summary>Extent of each dimension, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Product of the shape; 1 for a scalar.</summary>
    public long ElementCount { get; }

    /// <summary>First byte, counted from the end of the header.</summary>
    public long Offset { get; }

    /// <summary>Bytes.</summary>
    public long ByteLength => ElementCount * DataType.ByteSize();

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {DataType.SafetensorsName()} [{string.Join(", ", Shape)}]";
}
