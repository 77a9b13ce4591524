namespace Tessera.Cuda.Memory;

/// <summary>CUtensorMapDataType: elements of a tensor that the bulk copy engine reads.</summary>
public enum TensorMapElement
{
    /// <summary>Bytes, of whatever 8-bit format.</summary>
    UInt8 = 0,

    /// <summary>16-bit words.</summary>
    UInt16 = 1,

    /// <summary>binary32.</summary>
    Float32 = 7,

    /// <summary>bfloat16.</summary>
    BFloat16 = 9,
}
