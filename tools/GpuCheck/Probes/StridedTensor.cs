using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;

namespace GpuCheck.Probes;

/// <summary>A tensor whose rows and planes have gaps between them, and what a copy of a box leaves in it.</summary>
internal sealed class StridedTensor
{
    /// <summary>What stands where no copy wrote.</summary>
    public const byte Untouched = 0xff;

    private readonly TensorMapElement _element;
    private readonly int[] _extents;
    private readonly int[] _strides;

    /// <summary>A tensor of the first axes of some extents.</summary>
    public StridedTensor(int[] extents, int rank, TensorMapElement element = TensorMapElement.UInt8)
    {
        _element = element;
        ElementBytes = element switch { TensorMapElement.UInt8 => 1, TensorMapElement.Float32 => 4, _ => 2 };
        _extents = extents[..rank];
        _strides = new int[rank];
        _strides[0] = ElementBytes;
        _strides[1] = ((extents[0] * ElementBytes) + 63) / 16 * 16;
        for (int axis = 2; axis < rank; axis++)
        {
            _strides[axis] = (_strides[axis - 1] * extents[axis - 1]) + 16;
        }
    }

    public int ElementBytes { get; }

    public int Bytes => _strides[^1] * _extents[^1];

    public TensorMap Map(DevicePointer address, int[] box, TensorMapSwizzle swizzle) => new(
        address, _element, [.. _extents.Select(static extent => (long)extent)],
        [.. _strides.Skip(1).Select(static stride => (long)stride)], box, swizzle);

    /// <summary>Bytes of this tensor after a box of a source came: outside of the source is zero, outside of this one is nothing.</summary>
    public byte[] After(StridedTensor source, ReadOnlySpan<byte> bytes, int[] box, int[] from, int[] to)
    {
        byte[] expected = new byte[Bytes];
        Array.Fill(expected, Untouched);
        int[] at = new int[box.Length];
        int elements = box.Aggregate(1, static (product, extent) => product * extent);
        for (int i = 0; i < elements; i++)
        {
            for (int axis = 0, rest = i; axis < box.Length; rest /= box[axis], axis++)
            {
                at[axis] = rest % box[axis];
            }

            if (OffsetOf(at, to) is { } target)
            {
                int? origin = source.OffsetOf(at, from);
                for (int b = 0; b < ElementBytes; b++)
                {
                    expected[target + b] = origin is { } place ? bytes[place + b] : (byte)0;
                }
            }
        }

        return expected;
    }

    private int? OffsetOf(int[] at, int[] first)
    {
        int offset = 0;
        for (int axis = 0; axis < _extents.Length; axis++)
        {
            int index = first[axis] + at[axis];
            if (index < 0 || index >= _extents[axis])
            {
                return null;
            }

            offset += index * _strides[axis];
        }

        return offset;
    }
}
