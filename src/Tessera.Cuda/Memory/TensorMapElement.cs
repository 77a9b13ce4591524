namespace Tessera.Cuda.Memory;

/// <summary>CUtensorMapDataType: elements of a tensor that the bulk copy engine reads.</summary>
internal enum TensorMapElement
{
    UInt8 = 0,
    UInt16 = 1,
    Float32 = 7,
    BFloat16 = 9,
}
