using System.Runtime.InteropServices;
using Tessera.Cuda.Driver;

namespace Tessera.Cuda.Memory;

/// <summary>
/// What the bulk copy engine of sm_90 needs to know of a tensor, innermost axis first. The limits that the CUDA programming guide gives are
/// checked before the driver is asked, since it answers every fault with the same code.
/// <see cref="ICudaDevice.EncodeTensorMap"/> encodes it.
/// </summary>
/// <param name="Address">First element.</param>
/// <param name="Element">Type of the elements.</param>
/// <param name="Extents">Elements of each axis, innermost first; 1 to 5 axes.</param>
/// <param name="Strides">Bytes from one index to the next of every axis but the innermost.</param>
/// <param name="Box">Elements of a copy along each axis.</param>
/// <param name="Swizzle">Layout of the box in shared memory.</param>
public sealed record TensorMap(
    DevicePointer Address, TensorMapElement Element, IReadOnlyList<long> Extents, IReadOnlyList<long> Strides, IReadOnlyList<int> Box,
    TensorMapSwizzle Swizzle)
{
    private const int MaximumRank = 5;
    private const int MaximumBox = 256;
    private const int Alignment = 16;
    private const long MaximumExtent = 1L << 32;
    private const long MaximumStride = 1L << 40;
    private const int Promotion = 3;

    /// <summary>Bytes of an element.</summary>
    public int ElementBytes => Element switch
    {
        TensorMapElement.UInt8 => 1,
        TensorMapElement.Float32 => 4,
        _ => 2,
    };

    private int SwizzleBytes => Swizzle == TensorMapSwizzle.None ? MaximumBox * ElementBytes : 16 << (int)Swizzle;

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">One does not hold; the message names value and limit.</exception>
    public void Validate()
    {
        Require(Extents.Count is >= 1 and <= MaximumRank, nameof(Extents), $"{Extents.Count} axes; wanted 1 to {MaximumRank}");
        Require(
            Strides.Count == Extents.Count - 1, nameof(Strides), $"{Strides.Count} strides; {Extents.Count} axes need {Extents.Count - 1}");
        Require(Box.Count == Extents.Count, nameof(Box), $"a box of {Box.Count} axes; the tensor has {Extents.Count}");
        Require(
            !Address.IsNull && Address.Address % Alignment == 0, nameof(Address),
            $"address {Address}; wanted one that {Alignment} divides");
        for (int axis = 0; axis < Extents.Count; axis++)
        {
            Require(
                Extents[axis] is >= 1 and <= MaximumExtent, nameof(Extents),
                $"{Extents[axis]} elements along axis {axis}; wanted 1 to 2^32");
            Require(Box[axis] is >= 1 and <= MaximumBox, nameof(Box), $"a box of {Box[axis]} along axis {axis}; wanted 1 to {MaximumBox}");
        }

        for (int axis = 0; axis < Strides.Count; axis++)
        {
            Require(
                Strides[axis] >= 1 && Strides[axis] < MaximumStride && Strides[axis] % Alignment == 0, nameof(Strides),
                $"a stride of {Strides[axis]} bytes; wanted a multiple of {Alignment} below 2^40");
        }

        int inner = Box[0] * ElementBytes;
        Require(
            inner % Alignment == 0, nameof(Box), $"{inner} bytes along the innermost axis of the box; wanted a multiple of {Alignment}");
        Require(
            inner <= SwizzleBytes, nameof(Box),
            $"{inner} bytes along the innermost axis of the box; swizzle {Swizzle} takes {SwizzleBytes}");
    }

    /// <summary>Encodes the map by the driver, which needs no context for it.</summary>
    /// <exception cref="ArgumentException">A limit does not hold.</exception>
    /// <exception cref="CudaException">The driver refused it.</exception>
    internal unsafe EncodedTensorMap Encode()
    {
        Validate();
        int rank = Extents.Count;
        ulong* extents = stackalloc ulong[MaximumRank];
        ulong* strides = stackalloc ulong[MaximumRank];
        uint* box = stackalloc uint[MaximumRank];
        uint* elementStrides = stackalloc uint[MaximumRank];
        for (int axis = 0; axis < rank; axis++)
        {
            extents[axis] = (ulong)Extents[axis];
            strides[axis] = axis < Strides.Count ? (ulong)Strides[axis] : 0;
            box[axis] = (uint)Box[axis];
            elementStrides[axis] = 1;
        }

        void* map = NativeMemory.AlignedAlloc(EncodedTensorMap.Bytes, EncodedTensorMap.Bytes);
        try
        {
            DriverCalls.Require(
                DriverImports.TensorMapEncodeTiled(
                    map, (int)Element, (uint)rank, Address.Address, extents, strides, box, elementStrides, 0, (int)Swizzle, Promotion, 0),
                "cuTensorMapEncodeTiled", $"{Element} [{string.Join(", ", Extents)}], box [{string.Join(", ", Box)}]");
            return *(EncodedTensorMap*)map;
        }
        finally
        {
            NativeMemory.AlignedFree(map);
        }
    }

    private static void Require(bool condition, string name, FormattableString fault)
    {
        if (!condition)
        {
            throw new ArgumentException($"A tensor map has {FormattableString.Invariant(fault)}.", name);
        }
    }
}
