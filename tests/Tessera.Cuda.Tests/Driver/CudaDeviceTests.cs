using System.Runtime.InteropServices;
using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;
using Tessera.Cuda.Tests.Stubs;
using Xunit;

namespace Tessera.Cuda.Tests.Driver;

/// <summary>Every call as the driver sees it: order, arguments, sizes, and that everything given is given back.</summary>
[Collection(StubTests.Name)]
public sealed class CudaDeviceTests
{
    private const int Kibibyte = 1024;

    [StubFact]
    public void Opening_asks_for_version_before_initialising_and_retains_the_primary_context()
    {
        using StubDevice stub = StubDevice.Open();

        string[] calls = StubDriver.Calls;
        Assert.Equal("cuDriverGetVersion", calls[0]);
        Assert.Equal("cuInit flags=0", calls[1]);
        Assert.Equal("cuDeviceGetCount", calls[2]);
        Assert.Equal("cuDevicePrimaryCtxRetain device=100", calls[^1]);
        CudaDeviceProperties device = stub.Device.Properties;
        Assert.Equal("Stub GPU 0", device.Name);
        Assert.Equal(90, device.Architecture);
        Assert.Equal("sm_90", device.ArchitectureName);
        Assert.Equal(132, device.Multiprocessors);
        Assert.Equal(232448, device.SharedBytesPerBlock);
        Assert.Equal(8L << 30, device.MemoryBytes);
        Assert.Equal(13000, device.DriverVersion);
    }

    [StubFact]
    public void Copies_carry_every_byte_and_wait_for_their_stream()
    {
        using StubDevice stub = StubDevice.Open();
        CudaDevice device = stub.Device;
        CudaStream stream = device.CreateStream();
        using DeviceMemory memory = DeviceMemory.Allocate(device, 4 * Kibibyte);
        int[] sent = [.. Enumerable.Range(1, Kibibyte)];
        int[] received = new int[Kibibyte];

        device.CopyToDevice(memory.Pointer, sent.AsSpan(), stream);
        device.Fill(memory.Pointer + 16, 0, 8, stream);
        device.CopyToHost(received.AsSpan(), memory.Pointer, stream);

        sent[4] = sent[5] = 0;
        Assert.Equal(sent, received);
        Assert.Equal(
            [
                "cuStreamCreate flags=1", "cuMemAlloc_v2 bytes=4096", "cuMemcpyHtoDAsync_v2 bytes=4096 stream=1", "cuStreamSynchronize stream=1",
                "cuMemsetD8Async value=0 bytes=8 stream=1", "cuMemcpyDtoHAsync_v2 bytes=4096 stream=1", "cuStreamSynchronize stream=1",
            ],
            StubDriver.Calls[^7..]);
    }

    [StubFact]
    public void A_launch_passes_grid_block_shared_bytes_stream_and_the_bytes_of_the_structure()
    {
        using StubDevice stub = StubDevice.Open();
        StubDriver.SetParameterBytes(Marshal.SizeOf<ScaleParameters>());
        CudaStream stream = stub.Device.CreateStream();

        stub.Device.Launch("scale_rows", new LaunchShape(7, 5, 3, 96, 1000), new ScaleParameters(0x1122334455667788, 1f, 9), stream);

        Assert.Equal(
            "cuLaunchKernel name=scale_rows grid=7x5x3 block=96x1x1 shared=1000 stream=1 extra=0 parameters=88776655443322110000803f09000000",
            StubDriver.Calls[^1]);
    }

    [StubFact]
    public void Shared_memory_beyond_48_KiB_is_opted_in_to_before_the_launch_and_only_when_it_grows()
    {
        using StubDevice stub = StubDevice.Open();

        foreach (int kibibytes in (int[])[48, 96, 64, 96, 100])
        {
            stub.Device.Launch("scale_rows", new LaunchShape(1, 1, 1, 128, kibibytes * Kibibyte), default(ScaleParameters));
        }

        string[] calls = [.. StubDriver.Calls.Where(static call => call.StartsWith("cuFuncSet", StringComparison.Ordinal) || call.StartsWith("cuLaunch", StringComparison.Ordinal)).Select(static call => call.Split(" grid")[0])];
        Assert.Equal(
            [
                "cuLaunchKernel name=scale_rows", "cuFuncSetAttribute name=scale_rows attribute=8 value=98304", "cuLaunchKernel name=scale_rows",
                "cuLaunchKernel name=scale_rows", "cuLaunchKernel name=scale_rows", "cuFuncSetAttribute name=scale_rows attribute=8 value=102400",
                "cuLaunchKernel name=scale_rows",
            ],
            calls);
    }

    [StubFact]
    public void What_a_device_cannot_give_is_refused_before_the_driver_is_asked()
    {
        using StubDevice stub = StubDevice.Open();
        LaunchShape tooMuch = new(1, 1, 1, 128, 232449);

        ArgumentException shared = Assert.Throws<ArgumentException>(() => stub.Device.Launch("scale_rows", tooMuch, default(ScaleParameters)));
        ArgumentException unknown = Assert.Throws<ArgumentException>(
            () => stub.Device.Launch("scale_diagonals", new LaunchShape(1, 1, 1, 32, 0), default(ScaleParameters)));

        Assert.Contains("232448", shared.Message, StringComparison.Ordinal);
        Assert.Contains("scale_columns, scale_rows", unknown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(StubDriver.Calls, static call => call.StartsWith("cuLaunchKernel", StringComparison.Ordinal));
    }

    [StubFact]
    public void A_module_is_loaded_once_and_a_kernel_looked_up_once()
    {
        using StubDevice stub = StubDevice.Open();
        LaunchShape shape = new(1, 1, 1, 32, 0);

        stub.Device.Launch("scale_rows", shape, default(ScaleParameters));
        stub.Device.Launch("scale_columns", shape, default(ScaleParameters));
        stub.Device.Launch("scale_rows", shape, default(ScaleParameters));

        Assert.Single(StubDriver.Calls, static call => call.StartsWith("cuModuleLoadDataEx", StringComparison.Ordinal));
        Assert.Single(StubDriver.Calls, static call => call == "cuModuleGetFunction name=scale_rows");
        Assert.Equal(new KernelAttributes(64, 0, 0, 1024), stub.Device.Describe("scale_rows"));
    }

    [StubFact]
    public void Disposing_gives_back_what_the_caller_forgot()
    {
        StubDriver.Reset();
        int before = StubDriver.Outstanding;
        StubDevice stub = StubDevice.Open();
        stub.Device.Allocate(64);
        stub.Device.Allocate(128);
        stub.Device.CreateStream();
        stub.Device.CreateEvent();
        stub.Device.Describe("scale_rows");
        Assert.Equal(before + 6, StubDriver.Outstanding);

        stub.Dispose();

        Assert.Equal(before, StubDriver.Outstanding);
        Assert.Equal("cuDevicePrimaryCtxRelease_v2 device=100", StubDriver.Calls[^1]);
        Assert.Throws<ObjectDisposedException>(() => stub.Device.Allocate(1));
    }

    [StubFact]
    public void Memory_that_outlives_its_device_is_not_freed_twice()
    {
        StubDevice stub = StubDevice.Open();
        DeviceMemory memory = DeviceMemory.Allocate(stub.Device, 64);
        stub.Dispose();

        memory.Dispose();

        Assert.Single(StubDriver.Calls, static call => call.StartsWith("cuMemFree", StringComparison.Ordinal));
    }

    [StubFact]
    public void Only_what_was_given_is_taken_back()
    {
        using StubDevice stub = StubDevice.Open();
        DevicePointer pointer = stub.Device.Allocate(64);
        stub.Device.Free(pointer);
        stub.Device.Free(DevicePointer.Null);

        Assert.Throws<CudaException>(() => stub.Device.Free(pointer));
        Assert.Throws<CudaException>(() => stub.Device.Free(pointer + 256));
        CudaStream stream = stub.Device.CreateStream();
        Assert.Throws<CudaException>(() => stub.Device.DestroyEvent(new CudaEvent(stream.Handle)));
        stub.Device.DestroyStream(stream);
        Assert.Throws<CudaException>(() => stub.Device.DestroyStream(stream));
    }

    [StubFact]
    public void Out_of_memory_says_how_much_was_wanted_and_how_much_there_is()
    {
        using StubDevice stub = StubDevice.Open();

        CudaException refusal = Assert.Throws<CudaException>(() => stub.Device.Allocate(9L << 30));

        Assert.Equal(2, refusal.Code);
        Assert.Contains("CUDA_ERROR_OUT_OF_MEMORY", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("9663676416 bytes asked for, ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(" of 8589934592 free", refusal.Message, StringComparison.Ordinal);
    }

    [StubTheory]
    [InlineData("cuLaunchKernel", 701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "registers or shared memory")]
    [InlineData("cuLaunchKernel", 700, "CUDA_ERROR_ILLEGAL_ADDRESS", "sanitizer")]
    [InlineData("cuLaunchKernel", 4242, "code 4242", "cuLaunchKernel")]
    [InlineData("cuModuleLoadDataEx", 209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "kernel cache")]
    [InlineData("cuModuleLoadDataEx", 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "update the driver")]
    [InlineData("cuModuleGetFunction", 500, "CUDA_ERROR_NOT_FOUND", "scale_rows")]
    [InlineData("cuFuncSetAttribute", 1, "CUDA_ERROR_INVALID_VALUE", "65536 bytes of shared memory")]
    public void A_failing_call_is_named_with_its_code_and_what_to_do(string call, int code, string name, string hint)
    {
        using StubDevice stub = StubDevice.Open();
        StubDriver.Fail(call, code);

        CudaException failure = Assert.Throws<CudaException>(
            () => stub.Device.Launch("scale_rows", new LaunchShape(1, 1, 1, 32, 64 * Kibibyte), default(ScaleParameters)));

        Assert.Equal(code, failure.Code);
        Assert.Contains(call, failure.Message, StringComparison.Ordinal);
        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
        Assert.Contains(hint, failure.Message, StringComparison.Ordinal);
    }

    [StubTheory]
    [InlineData("cuMemcpyHtoDAsync_v2")]
    [InlineData("cuMemcpyDtoHAsync_v2")]
    [InlineData("cuMemsetD8Async")]
    [InlineData("cuStreamSynchronize")]
    [InlineData("cuEventRecord")]
    [InlineData("cuEventElapsedTime")]
    [InlineData("cuMemFree_v2")]
    public void No_code_is_overlooked(string call)
    {
        using StubDevice stub = StubDevice.Open();
        CudaDevice device = stub.Device;
        DevicePointer memory = device.Allocate(16);
        CudaEvent mark = device.CreateEvent();
        int[] words = new int[4];
        StubDriver.Fail(call, 719);

        CudaException failure = Assert.Throws<CudaException>(() =>
        {
            device.CopyToDevice(memory, words.AsSpan());
            device.Fill(memory, 1, 16);
            device.CopyToHost(words.AsSpan(), memory);
            device.Record(mark);
            device.Elapsed(mark, mark);
            device.Free(memory);
        });
        Assert.Equal(719, failure.Code);
    }

    [StubFact]
    public void Copies_outside_an_allocation_are_refused_by_the_driver_and_reported()
    {
        using StubDevice stub = StubDevice.Open();
        DevicePointer memory = stub.Device.Allocate(16);

        CudaException failure = Assert.Throws<CudaException>(() => stub.Device.CopyToDevice(memory + 8, new int[4].AsSpan()));

        Assert.Contains("16 bytes to 0x", failure.Message, StringComparison.Ordinal);
    }

    [StubFact]
    public void Events_measure_time_between_marks()
    {
        using StubDevice stub = StubDevice.Open();
        CudaEvent start = stub.Device.CreateEvent();
        CudaEvent end = stub.Device.CreateEvent();

        stub.Device.Record(start);
        stub.Device.Record(end);

        Assert.InRange(stub.Device.Elapsed(start, end), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        stub.Device.DestroyEvent(start);
        stub.Device.DestroyEvent(end);
        Assert.Equal(0, stub.Device.Outstanding);
    }

    [StubFact]
    public void A_device_that_is_not_there_or_too_old_is_refused_with_the_reason()
    {
        StubDriver.Reset();
        StubDriver.SetDevices(2);
        StubDriver.SetArchitecture(75);

        BackendUnavailableException old = Assert.Throws<BackendUnavailableException>(() => CudaDevice.Open([StubDevice.Module]));
        BackendUnavailableException absent = Assert.Throws<BackendUnavailableException>(
            () => CudaDevice.Open([StubDevice.Module], new CudaDeviceOptions { Ordinal = 2 }));
        StubDriver.SetDevices(0);
        BackendUnavailableException none = Assert.Throws<BackendUnavailableException>(() => CudaDevice.Open([StubDevice.Module]));

        Assert.Contains("sm_75; the kernels need sm_80", old.Message, StringComparison.Ordinal);
        Assert.Contains("device 2 does not exist; the driver shows 2", absent.Message, StringComparison.Ordinal);
        Assert.Contains("sees no GPU", none.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(StubDriver.Calls, static call => call.StartsWith("cuDevicePrimaryCtxRetain", StringComparison.Ordinal));
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct ScaleParameters(ulong Rows, float Factor, int Count);
}
