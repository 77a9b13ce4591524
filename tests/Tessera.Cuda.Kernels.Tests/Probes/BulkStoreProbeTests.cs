using GpuCheck.Probes;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Probes;

/// <summary>Bulk stores, tensor maps of three and four axes, every swizzle, and matrices that leave registers.</summary>
public sealed class BulkStoreProbeTests
{
    private const int CopySharedBytes = 32768 + 8;

    /// <summary>Element, swizzle, and the box in elements, of three or four axes.</summary>
    public static TheoryData<TensorMapElement, TensorMapSwizzle, int[]> Boxes => new()
    {
        { TensorMapElement.UInt8, TensorMapSwizzle.Bytes128, [128, 24, 2] },
        { TensorMapElement.UInt8, TensorMapSwizzle.Bytes64, [64, 24, 2] },
        { TensorMapElement.UInt8, TensorMapSwizzle.Bytes32, [32, 24, 2] },
        { TensorMapElement.UInt8, TensorMapSwizzle.None, [256, 5, 3] },
        { TensorMapElement.BFloat16, TensorMapSwizzle.Bytes128, [64, 16, 1] },
        { TensorMapElement.Float32, TensorMapSwizzle.None, [4, 7, 2] },
        { TensorMapElement.UInt8, TensorMapSwizzle.Bytes64, [64, 9, 2, 2] },
        { TensorMapElement.UInt16, TensorMapSwizzle.Bytes128, [64, 8, 1, 3] },
    };

    [EmulatedTheory]
    [MemberData(nameof(Boxes))]
    public void A_box_goes_from_one_tensor_to_another(TensorMapElement element, TensorMapSwizzle swizzle, int[] box)
    {
        Box copy = new(element, swizzle, box);
        // Inside; over the far edges; over the near ones, as negative coordinates; beyond the tensor altogether.
        CheckCopy(EmulatedKernels.Shared, new EmulatedSchedule(1), copy, [3, 2, 1, 1], [1, 3, 0, 1]);
        CheckCopy(EmulatedKernels.Shared, new EmulatedSchedule(4, IsLate: true), copy, [90, 20, 3, 2], [100, 15, 1, 0]);
        CheckCopy(EmulatedKernels.Shared, new EmulatedSchedule(0), copy, [-5, -1, 0, -1], [-3, -7, -1, 0]);
        CheckCopy(EmulatedKernels.Shared, new EmulatedSchedule(2), copy, [0, 0, 0, 0], [0, 0, 99, 0]);
    }

    [EmulatedTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Matrices_leave_registers(bool transposed)
    {
        foreach (EmulatedSchedule schedule in EmulatedSchedule.All)
        {
            CheckMatrices(EmulatedKernels.Shared, schedule, transposed);
        }
    }

    [EmulatedFact]
    public void A_map_of_another_rank_is_refused()
    {
        Box copy = new(TensorMapElement.UInt8, TensorMapSwizzle.None, [16, 1, 1, 1]);
        EmulationFaultException fault = Assert.Throws<EmulationFaultException>(() =>
            CheckCopy(EmulatedKernels.Shared, default, copy, [0, 0, 0, 0], [0, 0, 0, 0], "probe_bulk_copy_3d"));
        Assert.Contains("a bulk copy of 3 axes names a tensor map of 4", fault.Message, StringComparison.Ordinal);
    }

    internal static void CheckCopy(EmulatedKernels kernels, EmulatedSchedule schedule) => CheckCopy(
        kernels, schedule, new Box(TensorMapElement.UInt8, TensorMapSwizzle.Bytes64, [64, 24, 2]), [90, -1, 3, 0], [-3, 15, 1, 0]);

    private static void CheckCopy(
        EmulatedKernels kernels, EmulatedSchedule schedule, Box copy, int[] from, int[] to, string? kernel = null)
    {
        using EmulatedDevice device = new(90, schedule, kernels);
        using DeviceData data = new(device);
        int[] box = copy.Extents;
        int rank = box.Length;
        StridedTensor source = new([112, 26, 5, 3], rank, copy.Element);
        StridedTensor destination = new([120, 23, 4, 2], rank, copy.Element);
        byte[] bytes = new byte[source.Bytes];
        new Random(7).NextBytes(bytes);
        ulong output = data.Poisoned<byte>(destination.Bytes);
        CopyProbeParameters parameters = new()
        {
            Source = data.PutMap(source.Map(new DevicePointer(data.Put<byte>(bytes)), box, copy.Swizzle)),
            Destination = data.PutMap(destination.Map(new DevicePointer(output), box, copy.Swizzle)),
            Bytes = box.Aggregate(source.ElementBytes, static (product, extent) => product * extent),
        };
        from.CopyTo(parameters.From);
        to.CopyTo(parameters.To);
        CudaDeviceCalls.Launch(device, kernel ?? $"probe_bulk_copy_{rank}d", new LaunchShape(1, 1, 1, 32, CopySharedBytes), parameters);
        byte[] expected = destination.After(source, bytes, box, from, to);
        Assert.Equal(expected, data.Get<byte>(output, destination.Bytes));
    }

    internal static void CheckMatrices(EmulatedKernels kernels, EmulatedSchedule schedule, bool transposed)
    {
        using EmulatedDevice device = new(90, schedule, kernels);
        using DeviceData data = new(device);
        ulong output = data.Poisoned<ushort>(256);
        MatrixProbeParameters parameters = new()
        {
            Destination = data.PutMap(new TensorMap(
                new DevicePointer(output), TensorMapElement.UInt8, [32, 16, 1], [32, 512], [32, 16, 1], TensorMapSwizzle.None)),
            Transposed = transposed ? 1 : 0,
        };
        CudaDeviceCalls.Launch(device, "probe_matrices", new LaunchShape(1, 1, 1, 32, 512), parameters);
        ushort[] elements = data.Get<ushort>(output, 256);
        for (int i = 0; i < 256; i++)
        {
            // Each 8 x 8 matrix is turned on its own.
            int row = i / 16, column = i % 16;
            int expected = transposed ? (16 * ((row & 8) | (column & 7))) + ((column & 8) | (row & 7)) : i;
            Assert.True(elements[i] == expected, $"element ({row}, {column}): {elements[i]}, wanted {expected}");
        }
    }

    private sealed record Box(TensorMapElement Element, TensorMapSwizzle Swizzle, int[] Extents);
}
