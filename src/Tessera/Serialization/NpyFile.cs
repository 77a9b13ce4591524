using System.Buffers.Binary;

namespace Tessera.Serialization;

/// <summary>
/// An array of a NumPy .npy file, versions 1 to 3, as binary32 in C order: float16, float32, float64, integers and booleans, either byte
/// order, C or Fortran layout. Object arrays and structured types are refused: nothing in the file is ever executed.
/// </summary>
/// <remarks>Format: NumPy enhancement proposal 1, "A Simple File Format for NumPy Arrays".</remarks>
public sealed class NpyFile
{
    private const int PreambleLength = 8;
    private const int MaximumHeader = 1 << 20;
    private const int PartElements = 1 << 15;

    private NpyFile(long[] shape, TensorDataType dataType, float[] values)
    {
        Shape = shape;
        DataType = dataType;
        Values = values;
    }

    /// <summary>Extents, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Element type in the file.</summary>
    public TensorDataType DataType { get; }

    /// <summary>Elements in C order (last index fastest); 64-bit floats and large integers are rounded to nearest.</summary>
    public float[] Values { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="TensorFormatException">The file is damaged or of a type that is not read; the message says how.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static NpyFile Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return Read(stream, path);
    }

    /// <summary>Reads a seekable stream from its position to its end.</summary>
    /// <param name="stream">Seekable, so that a header that promises more than there is costs nothing.</param>
    /// <param name="name">Name for messages.</param>
    /// <exception cref="TensorFormatException">The content is damaged or of a type that is not read; the message says how.</exception>
    public static NpyFile Read(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        NpyHeader header = ReadHeader(stream, name);
        long left = stream.Length - stream.Position;
        if (left != header.ElementCount * header.DataType.ByteSize())
        {
            throw new TensorFormatException(
                $"{name}: an array of shape ({string.Join(", ", header.Shape.Take(8))}) "
                    + $"needs {header.ElementCount * header.DataType.ByteSize()} bytes, but {left} follow the header.");
        }

        if (header.ElementCount > int.MaxValue / sizeof(float))
        {
            throw new TensorFormatException($"{name}: the array has {header.ElementCount} elements, too many for one array in memory.");
        }

        float[] values = ReadValues(stream, header);
        return new NpyFile(header.Shape, header.DataType, header.IsFortranOrder ? ToCOrder(values, header.Shape) : values);
    }

    private static NpyHeader ReadHeader(Stream stream, string name)
    {
        Span<byte> preamble = stackalloc byte[PreambleLength + 4];
        int got = stream.ReadAtLeast(preamble[..PreambleLength], PreambleLength, throwOnEndOfStream: false);
        if (got < PreambleLength || preamble[0] != 0x93 || !preamble[1..6].SequenceEqual("NUMPY"u8))
        {
            throw new TensorFormatException($"{name}: the file does not start as a .npy file.");
        }

        int version = preamble[6];
        if (version is < 1 or > 3 || preamble[7] != 0)
        {
            throw new TensorFormatException($"{name}: .npy version {version}.{preamble[7]} is not read; versions 1.0, 2.0 and 3.0 are.");
        }

        int lengthBytes = version == 1 ? 2 : 4;
        Span<byte> lengthField = preamble.Slice(PreambleLength, lengthBytes);
        got = stream.ReadAtLeast(lengthField, lengthBytes, throwOnEndOfStream: false);
        long length = got < lengthBytes ? long.MaxValue
            : version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(lengthField)
            : BinaryPrimitives.ReadUInt32LittleEndian(lengthField);
        if (length > MaximumHeader || length > stream.Length - stream.Position)
        {
            throw new TensorFormatException($"{name}: the .npy header is cut off or longer than {MaximumHeader} bytes.");
        }

        byte[] header = new byte[length];
        stream.ReadExactly(header);
        return NpyHeader.Parse(header, name);
    }

    private static float[] ReadValues(Stream stream, NpyHeader header)
    {
        float[] values = new float[header.ElementCount];
        int size = header.DataType.ByteSize();
        byte[] part = new byte[Math.Min(values.Length, PartElements) * size];
        for (int start = 0; start < values.Length; start += PartElements)
        {
            int count = Math.Min(PartElements, values.Length - start);
            Span<byte> bytes = part.AsSpan(0, count * size);
            stream.ReadExactly(bytes);
            if (header.IsBigEndian)
            {
                for (int i = 0; i < bytes.Length; i += size)
                {
                    bytes.Slice(i, size).Reverse();
                }
            }

            TensorConversion.ToSingle(bytes, header.DataType, values.AsSpan(start, count));
        }

        return values;
    }

    private static float[] ToCOrder(float[] fortran, long[] shape)
    {
        float[] values = new float[fortran.Length];
        long[] index = new long[shape.Length];
        for (int source = 0; source < fortran.Length; source++)
        {
            long target = 0;
            for (int axis = 0; axis < shape.Length; axis++)
            {
                target = (target * shape[axis]) + index[axis];
            }

            values[target] = fortran[source];
            for (int axis = 0; axis < shape.Length && ++index[axis] == shape[axis]; axis++)
            {
                index[axis] = 0;
            }
        }

        return values;
    }
}
