using System.Runtime.InteropServices;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;
using Tessera.Cuda.Tests.Stubs;
using Xunit;

namespace Tessera.Cuda.Tests.Driver;

/// <summary>What others in the process rely on, and what is left when a kernel has failed.</summary>
[Collection(StubTests.Name)]
public sealed class SharedProcessTests
{
    private static readonly LaunchShape Shape = new(1, 1, 1, 32, 0);

    [StubFact]
    public void A_context_of_someone_else_is_current_again_after_every_call()
    {
        StubDriver.Reset();
        StubDriver.HasForeignContext = true;
        try
        {
            using (StubDevice stub = StubDevice.Reopen())
            {
                CudaDevice device = stub.Device;
                DevicePointer memory = device.Allocate(64);
                int[] words = new int[16];
                CudaStream stream = device.CreateStream();
                CudaEvent mark = device.CreateEvent();
                Action[] calls =
                [
                    () => device.Fill(memory, 0, 64), () => device.CopyToDevice(memory, words.AsSpan()), () => device.CopyToHost(words.AsSpan(), memory),
                    () => device.CopyOnDevice(memory, memory + 32, 32), () => device.Launch("scale_rows", Shape, default(ulong)),
                    () => device.Describe("scale_columns"), () => device.Record(mark, stream), () => device.Wait(mark),
                    () => device.Elapsed(mark, mark), () => device.Synchronize(stream), () => device.DestroyEvent(mark),
                    () => device.DestroyStream(stream), () => device.Free(memory), () => device.Allocate(16),
                    () => Assert.Throws<CudaException>(() => device.Allocate(1L << 40)),
                ];
                foreach (Action call in calls)
                {
                    call();
                    Assert.True(StubDriver.HasForeignContext);
                }
            }

            Assert.True(StubDriver.HasForeignContext);
        }
        finally
        {
            StubDriver.HasForeignContext = false;
        }
    }

    [StubFact]
    public void Memory_is_given_back_only_when_nothing_runs_that_may_use_it()
    {
        using StubDevice stub = StubDevice.Open();
        DeviceMemory memory = DeviceMemory.Allocate(stub.Device, 64);

        memory.Dispose();

        Assert.Equal(["cuCtxSynchronize", "cuMemFree_v2 bytes=64"], StubDriver.Calls[^2..]);
    }

    [StubFact]
    public void An_error_that_sticks_names_the_last_launches_and_what_is_left_to_do()
    {
        using StubDevice stub = StubDevice.Open();
        for (int i = 0; i < 5; i++)
        {
            stub.Device.Launch(i % 2 == 0 ? "scale_rows" : "scale_columns", Shape, default(ulong));
        }

        StubDriver.Fail("cuStreamSynchronize", 700);
        CudaException failure = Assert.Throws<CudaException>(() => stub.Device.Synchronize());

        Assert.Contains(
            "CUDA_ERROR_ILLEGAL_ADDRESS (last launches: scale_columns, scale_rows, scale_columns, scale_rows)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("start it anew", failure.Message, StringComparison.Ordinal);

        StubDriver.Fail("cuStreamSynchronize", 1);
        Assert.DoesNotContain("last launches", Assert.Throws<CudaException>(() => stub.Device.Synchronize()).Message, StringComparison.Ordinal);
    }

    [StubFact]
    public void Giving_back_after_the_device_is_gone_does_nothing()
    {
        StubDevice stub = StubDevice.Open();
        CudaDevice device = stub.Device;
        DevicePointer memory = device.Allocate(16);
        CudaStream stream = device.CreateStream();
        CudaEvent mark = device.CreateEvent();
        stub.Dispose();
        int calls = StubDriver.Calls.Length;

        device.Free(memory);
        device.DestroyStream(stream);
        device.DestroyEvent(mark);

        Assert.Equal(calls, StubDriver.Calls.Length);
    }

    [StubFact]
    public void A_launch_without_its_structure_is_refused()
    {
        using StubDevice stub = StubDevice.Open();

        Assert.Throws<ArgumentException>(() => stub.Device.Launch("scale_rows", Shape, ReadOnlySpan<byte>.Empty));
        Assert.Throws<ArgumentException>(() => stub.Device.Launch("scale_rows", Shape, MemoryMarshal.AsBytes(Array.Empty<int>().AsSpan())));
    }
}
