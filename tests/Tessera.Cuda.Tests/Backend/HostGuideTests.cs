using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;
using Tessera.Cuda.Tests.Stubs;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Backend;

/// <summary>The code of docs/design/cuda-host.md compiles, runs, and is the code below to the letter.</summary>
[Collection(StubTests.Name)]
public sealed class HostGuideTests
{
    [StubFact]
    public void The_snippets_run()
    {
        StubDriver.Reset();
        AttentionShape shape = new(1, 2, 96, 96, 64);
        AttentionPlan plan = BackendCase.Dense(shape, KnownRecipes.Int8);
        SeededInputs seeded = SeededInputs.Normal(shape);
        AttentionInputs inputs = seeded.Inputs;
        TensorSpan<float> output = new(new float[seeded.Query.Length], [1, 2, 96, 64]);
        float[] logSumExp = new float[2 * 96];

#pragma warning disable format
// snippet
using CudaBackend cuda = new(new CudaOptions { AllowUnverifiedKernels = true });
BackendSupport support = cuda.Supports(plan);              // yes with the kernel, or no with the reason
using CudaAttentionKernel attention = cuda.Compile(plan);
attention.Run(inputs, output, logSumExp);                  // spans of the host: sent, computed, brought back
// end
#pragma warning restore format

        Assert.True(support.IsSupported, support.Reason);
        ICudaDevice device = cuda.Device!;
        long bytes = 2L * seeded.Query.Length;
        using DeviceMemory memory = DeviceMemory.Allocate(device, 4 * bytes);
        (ulong q, ulong k, ulong v, ulong o) = (
            memory.Pointer.Address, memory.Pointer.Address + (ulong)bytes, memory.Pointer.Address + (ulong)(2 * bytes),
            memory.Pointer.Address + (ulong)(3 * bytes));
        nint streamHandle = device.CreateStream().Handle;
        RotaryEmbedding rotary = RotaryEmbedding.ForSequence(96, 64);
        int before = StubDriver.Calls.Length;

#pragma warning disable format
// snippet
CudaTensor Of(ulong address) =>
    CudaTensor.TokenMajor(new DevicePointer(address), NumberFormat.BFloat16, shape.Heads, shape.QueryLength, shape.HeadDim);
CudaStream stream = new(streamHandle);
attention.Enqueue(new CudaAttentionCall { Query = Of(q), Key = Of(k), Value = Of(v), Output = Of(o), Rotary = rotary }, stream);
if (attention.MetFault(stream))                            // waits for the stream; leave it out where inputs are known to be finite
{
    throw new InvalidOperationException("Q, K or V holds a NaN or an infinity.");
}
// end
#pragma warning restore format

        Assert.Equal(6, StubDriver.Calls[before..].Count(static call => call.StartsWith("cuLaunchKernel", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_page_shows_exactly_those_snippets()
    {
        string page = File.ReadAllText(Path.Combine(TestRoots.Repository, "docs", "design", "cuda-host.md"));
        string[] parts = File.ReadAllText(Source()).Split("// snippet\n")[1..];

        Assert.Equal(2, parts.Length);
        Assert.All(parts, part => Assert.Contains(
            "```csharp\n" + part[..part.IndexOf("// end\n", StringComparison.Ordinal)] + "```\n", page, StringComparison.Ordinal));
        Assert.Equal(parts.Length, page.Split("```csharp\n").Length - 1);
    }

    private static string Source([CallerFilePath] string path = "") =>
        Path.Combine(TestRoots.Repository, "tests", "Tessera.Cuda.Tests", "Backend", Path.GetFileName(path));
}
