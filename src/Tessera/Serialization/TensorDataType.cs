namespace Tessera.Serialization;

/// <summary>Element types of tensor files.</summary>
public enum TensorDataType
{
    /// <summary>IEEE binary64, <c>F64</c>.</summary>
    Float64 = 0,

    /// <summary>IEEE binary32, <c>F32</c>.</summary>
    Float32,

    /// <summary>IEEE binary16, <c>F16</c>.</summary>
    Float16,

    /// <summary>bfloat16, <c>BF16</c>.</summary>
    BFloat16,

    /// <summary>FP8 E4M3, <c>F8_E4M3</c>.</summary>
    Float8E4M3,

    /// <summary>FP8 E5M2, <c>F8_E5M2</c>.</summary>
    Float8E5M2,

    /// <summary>Signed 64-bit, <c>I64</c>.</summary>
    Int64,

    /// <summary>Signed 32-bit, <c>I32</c>.</summary>
    Int32,

    /// <summary>Signed 16-bit, <c>I16</c>.</summary>
    Int16,

    /// <summary>Signed 8-bit, <c>I8</c>.</summary>
    Int8,

    /// <summary>Unsigned 64-bit, <c>U64</c>.</summary>
    UInt64,

    /// <summary>Unsigned 32-bit, <c>U32</c>.</summary>
    UInt32,

    /// <summary>Unsigned 16-bit, <c>U16</c>.</summary>
    UInt16,

    /// <summary>Unsigned 8-bit, <c>U8</c>.</summary>
    UInt8,

    /// <summary>One byte, zero or not, <c>BOOL</c>.</summary>
    Boolean,
}
