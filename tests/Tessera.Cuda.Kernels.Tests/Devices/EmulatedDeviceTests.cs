using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Launch.Parameters;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Devices;

/// <summary>What the emulated device refuses.</summary>
public sealed class EmulatedDeviceTests
{
    private static readonly LaunchShape Shape = new(1, 1, 1, 256, 32);

    [EmulatedFact]
    public void Unknown_kernels_and_parameters_of_another_size_are_refused()
    {
        using EmulatedDevice device = new();
        Assert.Throws<ArgumentException>(() => device.Launch("nothing", Shape, new byte[8]));
        Assert.Throws<ArgumentException>(() => device.Launch("quantize_rows_int8_d64", Shape, new byte[8]));
        Assert.Throws<ArgumentException>(() => device.Describe("nothing"));
        Assert.Equal(256, device.Describe("quantize_rows_int8_d64").MaximumThreads);
    }

    [EmulatedTheory]
    [InlineData(128, 32, "256 threads")]
    [InlineData(256, 28, "32 bytes of shared memory")]
    public void Launches_unlike_the_source_are_refused(int threads, int shared, string reason)
    {
        using EmulatedDevice device = new();
        QuantizeRowsParameters parameters = default;
        EmulationFaultException fault = Assert.Throws<EmulationFaultException>(() =>
            device.Launch("quantize_rows_int8_d64", new LaunchShape(1, 1, 1, threads, shared), parameters));
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
    }

    [EmulatedFact]
    public void Accesses_outside_of_allocations_name_the_thread()
    {
        using EmulatedDevice device = new();
        using DeviceData data = new(device);
        KernelOperands operands = new(data, new AttentionShape(1, 1, 64, 64, 64), []);
        RowsParameters rows = operands.Rows(data.Put<float>(new float[63 * 64]), 64, turned: false);
        EmulationFaultException fault = Assert.Throws<EmulationFaultException>(() =>
            operands.Quantize(rows, new OperandFormat(NumberFormat.Int8), AttentionOperand.Query));
        Assert.Contains("quantize_rows_int8_d64, block (0, 0, 0), thread ", fault.Message, StringComparison.Ordinal);
        Assert.Contains("load of 16 bytes begins 0 bytes behind the end of an allocation of 16128 bytes", fault.Message, StringComparison.Ordinal);
    }

    [EmulatedFact]
    public void Memory_is_checked_in_copies_and_when_it_is_given_back()
    {
        using EmulatedDevice device = new();
        DevicePointer pointer = device.Allocate(8);
        Assert.Throws<CudaException>(() => device.CopyToDevice<int>(pointer, [1, 2, 3]));
        Assert.Throws<CudaException>(() => device.Free(pointer + 4));
        device.Free(pointer);
        Assert.Throws<CudaException>(() => device.Free(pointer));
        device.Free(DevicePointer.Null);
    }
}
