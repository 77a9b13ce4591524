using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tessera.Numerics;

namespace Tessera.Serialization;

/// <summary>
/// Little-endian elements of any type to binary32. 64-bit numbers and integers beyond 2^24 round to nearest; all else is exact.
/// </summary>
internal static class TensorConversion
{
    /// <summary>Converts as many elements as the destination holds.</summary>
    public static void ToSingle(ReadOnlySpan<byte> source, TensorDataType type, Span<float> destination)
    {
        int size = type.ByteSize();
        source = source[..(destination.Length * size)];
        switch (type)
        {
            case TensorDataType.Float32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case TensorDataType.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            case TensorDataType.BFloat16:
                BFloat16.ConvertToSingle(MemoryMarshal.Cast<byte, BFloat16>(source), destination);
                break;
            case TensorDataType.Float8E4M3:
                Float8E4M3.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E4M3>(source), destination);
                break;
            case TensorDataType.Float8E5M2:
                Float8E5M2.ConvertToSingle(MemoryMarshal.Cast<byte, Float8E5M2>(source), destination);
                break;
            case TensorDataType.Int8:
                Widen(MemoryMarshal.Cast<byte, sbyte>(source), destination);
                break;
            default:
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = One(source.Slice(i * size, size), type);
                }

                break;
        }
    }

    private static void Widen(ReadOnlySpan<sbyte> source, Span<float> destination)
    {
        int i = 0;
        for (; i <= source.Length - Vector<sbyte>.Count; i += Vector<sbyte>.Count)
        {
            Vector.Widen(new Vector<sbyte>(source[i..]), out Vector<short> low, out Vector<short> high);
            Span<float> part = destination.Slice(i, Vector<sbyte>.Count);
            Widen(low, part);
            Widen(high, part[Vector<short>.Count..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = source[i];
        }
    }

    private static void Widen(Vector<short> source, Span<float> destination)
    {
        Vector.Widen(source, out Vector<int> low, out Vector<int> high);
        Vector.ConvertToSingle(low).CopyTo(destination);
        Vector.ConvertToSingle(high).CopyTo(destination[Vector<int>.Count..]);
    }

    private static float One(ReadOnlySpan<byte> source, TensorDataType type) => type switch
    {
        TensorDataType.Float64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(source),
        TensorDataType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(source),
        TensorDataType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(source),
        TensorDataType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(source),
        TensorDataType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(source),
        TensorDataType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(source),
        TensorDataType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(source),
        TensorDataType.UInt8 => source[0],
        TensorDataType.Boolean => source[0] == 0 ? 0f : 1f,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "This type converts as a span."),
    };
}
