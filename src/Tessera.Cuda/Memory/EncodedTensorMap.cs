using System.Runtime.CompilerServices;
using Tessera.Cuda.Driver;

namespace Tessera.Cuda.Memory;

/// <summary>
/// A <see cref="TensorMap"/> as one device reads it. It belongs in device memory, at an address that <see cref="Bytes"/> divides (those of
/// <see cref="ICudaDevice.Allocate"/> are such); a kernel takes that address.
/// </summary>
[InlineArray(Bytes)]
public struct EncodedTensorMap
{
    /// <summary>Size and alignment.</summary>
    public const int Bytes = 128;

    private byte _first;
}
