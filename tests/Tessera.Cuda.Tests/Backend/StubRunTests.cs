using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;
using Tessera.Cuda.Tests.Stubs;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Backend;

/// <summary>A whole run as the driver sees it.</summary>
[Collection(StubTests.Name)]
public sealed class StubRunTests
{
    private static readonly AttentionShape Shape = new(1, 2, 100, 100, 64);

    [StubFact]
    public void A_run_is_a_fixed_sequence_of_launches_in_one_stream_and_gives_everything_back()
    {
        StubDriver.Reset();
        int before = StubDriver.Outstanding;
        string folder = Directory.CreateTempSubdirectory("tessera-kernels-").FullName;
        SeededInputs inputs = SeededInputs.Normal(Shape);
        float[] output = new float[inputs.Query.Length];
        using (CudaBackend backend = new(new CudaOptions { AllowUnverifiedKernels = true, Device = new() { CacheFolder = folder } }))
        using (CudaAttentionKernel kernel = backend.Compile(BackendCase.Dense(Shape, KnownRecipes.Int8)))
        {
            kernel.Run(inputs.Inputs, new TensorSpan<float>(output, [1, 2, 100, 64]));
            int afterFirst = StubDriver.Calls.Length;
            kernel.Run(inputs.Inputs, new TensorSpan<float>(output, [1, 2, 100, 64]));
            string[] second = StubDriver.Calls[afterFirst..];

            Assert.Equal(
                [
                    "cuMemcpyHtoDAsync_v2 bytes=51200 stream=1", "cuMemcpyHtoDAsync_v2 bytes=51200 stream=1", "cuMemcpyHtoDAsync_v2 bytes=51200 stream=1",
                    "cuEventRecord stream=1", "cuMemsetD8Async value=0 bytes=256 stream=1",
                    "cuLaunchKernel name=channel_sums_d64 grid=1x2x1 block=128x1x1 shared=0 stream=1",
                    "cuLaunchKernel name=channel_means grid=2x1x1 block=128x1x1 shared=0 stream=1",
                    "cuLaunchKernel name=quantize_rows_int8_d64 grid=1x2x1 block=256x1x1 shared=32 stream=1",
                    "cuLaunchKernel name=quantize_rows_int8_d64 grid=1x2x1 block=256x1x1 shared=32 stream=1",
                    "cuLaunchKernel name=quantize_values_int8_d64 grid=2x2x1 block=256x1x1 shared=18432 stream=1",
                    "cuEventRecord stream=1",
                    "cuLaunchKernel name=sm80_int8_qk_int8_pv_block_sparse_d64_r64_fine_quantized grid=4x1x1 block=128x1x1 shared=26624 stream=1",
                    "cuEventRecord stream=1", "cuMemcpyDtoHAsync_v2 bytes=4 stream=1", "cuMemcpyDtoHAsync_v2 bytes=51200 stream=1",
                    "cuEventSynchronize", "cuEventElapsedTime", "cuEventSynchronize", "cuEventElapsedTime",
                ],
                second.Where(static call => !call.StartsWith("cuStreamSynchronize", StringComparison.Ordinal)).Select(static call => call.Split(" extra")[0]));
        }

        Assert.Equal(before, StubDriver.Outstanding);
        Directory.Delete(folder, recursive: true);
    }

    [StubFact]
    public void A_plan_that_does_not_fit_memory_says_so_and_leaves_nothing_behind()
    {
        StubDriver.Reset();
        int before = StubDriver.Outstanding;
        AttentionShape large = new(1, 64, 1 << 20, 1 << 20, 128);
        using (CudaBackend backend = new(new CudaOptions { AllowUnverifiedKernels = true, Device = new() { CacheFolder = "" } }))
        {
            CudaException refusal = Assert.Throws<CudaException>(() => backend.Compile(BackendCase.Dense(large, KnownRecipes.Int8)));
            // Codes; scales of Q and K, of V; sums and means of K; constants of rows; the fault.
            const long Slots = 64L << 20;
            const long Bytes = (3 * Slots * 128) + (2 * Slots * 4) + (Slots / 64 * 128 * (4 + 8)) + (64 * 128 * 4) + (Slots * 4) + 256;
            Assert.Contains($"{Bytes} bytes asked for", refusal.Message, StringComparison.Ordinal);
            Assert.Equal(0, ((CudaDevice)backend.Device!).Outstanding);
        }

        Assert.Equal(before, StubDriver.Outstanding);
    }

    [StubFact]
    public void A_call_in_another_stream_waits_for_the_last_one_on_the_device()
    {
        StubDriver.Reset();
        using CudaBackend backend = new(new CudaOptions { AllowUnverifiedKernels = true, Device = new() { CacheFolder = "" } });
        using CudaAttentionKernel kernel = backend.Compile(BackendCase.Dense(Shape, KnownRecipes.BFloat16));
        ICudaDevice device = backend.Device!;
        (CudaStream first, CudaStream second) = (device.CreateStream(), device.CreateStream());
        using DeviceMemory memory = DeviceMemory.Allocate(device, 1 << 20);
        CudaTensor tensor = CudaTensor.Dense(memory.Pointer, NumberFormat.Float32, 2, 100, 64);
        CudaAttentionCall call = new() { Query = tensor, Key = tensor, Value = tensor, Output = tensor };
        SeededInputs inputs = SeededInputs.Normal(Shape);

        int Waits(Action run)
        {
            int before = StubDriver.Calls.Length;
            run();
            return StubDriver.Calls[before..].Count(static entry => entry.StartsWith("cuStreamWaitEvent stream=1 flags=0", StringComparison.Ordinal));
        }

        Assert.Equal(0, Waits(() => kernel.Enqueue(call, first)));
        Assert.Equal(0, Waits(() => kernel.Enqueue(call, first)));
        Assert.Equal(1, Waits(() => kernel.Enqueue(call, second)));
        void Run() => kernel.Run(inputs.Inputs, new TensorSpan<float>(new float[2 * 100 * 64], [1, 2, 100, 64]));
        Assert.Equal(1, Waits(Run));

        // A run has ended when it returns.
        Assert.Equal(0, Waits(() => kernel.Enqueue(call, first)));
    }

    [StubFact]
    public void Memory_that_was_not_to_be_had_once_is_asked_for_again()
    {
        StubDriver.Reset();
        using CudaBackend backend = new(new CudaOptions { AllowUnverifiedKernels = true, Device = new() { CacheFolder = "" } });
        using CudaAttentionKernel kernel = backend.Compile(BackendCase.Dense(Shape, KnownRecipes.BFloat16));
        SeededInputs inputs = SeededInputs.Normal(Shape);
        NarrowInputs narrow = new(inputs, NumberFormat.BFloat16);
        float[] output = new float[inputs.Query.Length];
        kernel.Run(narrow.Inputs, new TensorSpan<float>(output, [1, 2, 100, 64]));

        StubDriver.Fail("cuMemAlloc_v2", 2);
        Assert.Throws<CudaException>(() => kernel.Run(inputs.Inputs, new TensorSpan<float>(output, [1, 2, 100, 64])));

        StubDriver.Fail("", 0);
        kernel.Run(narrow.Inputs, new TensorSpan<float>(output, [1, 2, 100, 64]));
    }

    [StubTheory]
    [InlineData("cuEventDestroy_v2")]
    [InlineData("cuStreamDestroy_v2")]
    [InlineData("cuMemFree_v2")]
    public void Disposing_after_a_failure_does_not_hide_it(string call)
    {
        StubDriver.Reset();
        using CudaBackend backend = new(new CudaOptions { AllowUnverifiedKernels = true, Device = new() { CacheFolder = "" } });

        void FailInside()
        {
            using CudaAttentionKernel kernel = backend.Compile(BackendCase.Dense(Shape, KnownRecipes.BFloat16));
            StubDriver.Fail(call, 719);
            throw new CudaException("the first failure");
        }

        CudaException failure = Assert.Throws<CudaException>(FailInside);

        Assert.Equal("the first failure", failure.Message);
    }

    [StubFact]
    public void Without_NVRTC_and_PTX_that_the_driver_reads_a_plan_is_refused_and_asking_does_not_throw()
    {
        StubDriver.Reset();
        StubDriver.SetVersion(12040);
        using CudaBackend backend = new(new CudaOptions { Device = new() { CacheFolder = "" } });

        BackendSupport support = backend.Supports(BackendCase.Dense(Shape, KnownRecipes.Int8));

        Assert.False(support.IsSupported);
        Assert.Contains("NVRTC 13.0 makes code that the driver of CUDA 12.4 does not load", support.Reason, StringComparison.Ordinal);
        Assert.Contains("PTX needs a driver of CUDA 12.5 or later", support.Reason, StringComparison.Ordinal);
    }

    [StubFact]
    public void Without_a_device_the_backend_gives_the_reason()
    {
        StubDriver.Reset();
        StubDriver.SetDevices(0);
        using CudaBackend backend = new();

        BackendSupport support = backend.Supports(BackendCase.Dense(Shape, KnownRecipes.Int8));

        Assert.False(support.IsSupported);
        Assert.Contains("the driver sees no GPU", support.Reason, StringComparison.Ordinal);
        Assert.Null(backend.Device);
    }
}
