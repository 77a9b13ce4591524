using Tessera.Numerics;

namespace Tessera.Serialization;

/// <summary>Facts about each <see cref="TensorDataType"/>.</summary>
public static class TensorDataTypes
{
    private static readonly string[] Names =
        ["F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"];

    private static readonly byte[] Sizes = [8, 4, 2, 2, 1, 1, 8, 4, 2, 1, 8, 4, 2, 1, 1];

    /// <summary>Bytes of an element.</summary>
    public static int ByteSize(this TensorDataType type) => Sizes[(int)type];

    /// <summary>The name that safetensors headers use.</summary>
    public static string SafetensorsName(this TensorDataType type) => Names[(int)type];

    /// <summary>The type that safetensors headers call <paramref name="name"/>.</summary>
    public static bool TryParse(string name, out TensorDataType type)
    {
        int index = Array.IndexOf(Names, name);
        type = (TensorDataType)Math.Max(0, index);
        return index >= 0;
    }

    /// <summary>The element type that a .NET type stands for.</summary>
    /// <exception cref="NotSupportedException">It stands for none.</exception>
    public static TensorDataType Of<T>()
        where T : unmanaged =>
        typeof(T) == typeof(float) ? TensorDataType.Float32
        : typeof(T) == typeof(double) ? TensorDataType.Float64
        : typeof(T) == typeof(Half) ? TensorDataType.Float16
        : typeof(T) == typeof(BFloat16) ? TensorDataType.BFloat16
        : typeof(T) == typeof(Float8E4M3) ? TensorDataType.Float8E4M3
        : typeof(T) == typeof(Float8E5M2) ? TensorDataType.Float8E5M2
        : typeof(T) == typeof(long) ? TensorDataType.Int64
        : typeof(T) == typeof(int) ? TensorDataType.Int32
        : typeof(T) == typeof(short) ? TensorDataType.Int16
        : typeof(T) == typeof(sbyte) ? TensorDataType.Int8
        : typeof(T) == typeof(ulong) ? TensorDataType.UInt64
        : typeof(T) == typeof(uint) ? TensorDataType.UInt32
        : typeof(T) == typeof(ushort) ? TensorDataType.UInt16
        : typeof(T) == typeof(byte) ? TensorDataType.UInt8
        : typeof(T) == typeof(bool) ? TensorDataType.Boolean
        : throw new NotSupportedException($"{typeof(T)} is not an element type of tensor files.");
}
