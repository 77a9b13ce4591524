using Tessera.Cuda.Driver;

namespace Tessera.Cuda.Memory;

/// <summary>A stretch of an arena that is not allocated yet.</summary>
/// <param name="Offset">Bytes from its start.</param>
/// <param name="Bytes">Size without alignment.</param>
internal readonly record struct ArenaSlice(long Offset, long Bytes)
{
    /// <summary>Its address in an arena.</summary>
    public DevicePointer In(DeviceMemory arena) => arena.Pointer + Offset;
}
