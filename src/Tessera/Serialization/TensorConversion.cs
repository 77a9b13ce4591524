using System.Buffers.Binary;
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
            default:
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = One(source.Slice(i * size, size), type);
                }

                break;
        }
    }

    private static float One(ReadOnlySpan<byte> source, TensorDataType type) => type switch
    {
        TensorDataType.Float64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(source),
        TensorDataType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(source),
        TensorDataType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(source),
        TensorDataType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(source),
        TensorDataType.Int8 => (sbyte)source[0],
        TensorDataType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(source),
        TensorDataType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(source),
        TensorDataType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(source),
        TensorDataType.UInt8 => source[0],
        TensorDataType.Boolean => source[0] == 0 ? 0f : 1f,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "This type converts as a span."),
    };
}
