using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>What holds for every run whatever it computes: threads, memory, strides, refusals.</summary>
public sealed class CpuKernelContractTests
{
    public static TheoryData<string> Recipes => [KnownRecipes.Float32.Name, KnownRecipes.Int8.Name, KnownRecipes.KeyValue4.Name, KnownRecipes.Int4.Name, KnownRecipes.Sage.Name];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void ResultsDoNotDependOnThreadsOrOnHeadsInFlight(string recipe)
    {
        AttentionShape shape = new(2, 3, 333, 333, 64);
        AttentionPlan plan = CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)) with { Mask = CpuTestCase.RandomMask(333, 333, BlockSize.Default, 0.6, 3) };
        CpuTestCase test = CpuTestCase.Of(plan);
        (float[] output, float[] logSumExp, _) = test.Run(new CpuOptions { Threads = 1 });
        foreach (CpuOptions options in (CpuOptions[])[new() { Threads = 2 }, new() { Threads = 5 }, new() { Threads = 2, PackedMemoryLimit = 300_000 }])
        {
            (float[] other, float[] otherSums, _) = test.Run(options);
            NumericAssert.BitwiseEqual(output, other);
            NumericAssert.BitwiseEqual(logSumExp, otherSums);
        }
    }

    [Theory]
    [InlineData("none")]
    [InlineData("int8")]
    public void TokensBeforeHeadsIsAView(string recipe)
    {
        AttentionShape shape = new(2, 3, 70, 70, 40);
        CpuTestCase test = CpuTestCase.Of(CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)));
        (float[] wanted, _, _) = test.Run(CpuOptions.Default);
        nint[] lengths = [2, 3, 70, 40];
        nint[] strides = [70 * 3 * 40, 40, 3 * 40, 1];
        float[] output = new float[wanted.Length];
        using IAttentionKernel kernel = CpuBackend.Shared.Compile(test.Plan);
        AttentionInputs views = new(
            new ReadOnlyTensorSpan<float>(Swap(test.Inputs.Query), lengths, strides),
            new ReadOnlyTensorSpan<float>(Swap(test.Inputs.Key), lengths, strides),
            new ReadOnlyTensorSpan<float>(Swap(test.Inputs.Value), lengths, strides));
        kernel.Run(views, new TensorSpan<float>(output, lengths, strides));
        NumericAssert.BitwiseEqual(Swap(wanted), output);

        float[] Swap(float[] data)
        {
            float[] swapped = new float[data.Length];
            for (int batch = 0; batch < 2; batch++)
            {
                for (int head = 0; head < 3; head++)
                {
                    for (int token = 0; token < 70; token++)
                    {
                        data.AsSpan(((((batch * 3) + head) * 70) + token) * 40, 40).CopyTo(swapped.AsSpan(((((batch * 70) + token) * 3) + head) * 40));
                    }
                }
            }

            return swapped;
        }
    }

    [Theory]
    [InlineData("none", 13, 5)]
    [InlineData("none", 65, 64)]
    [InlineData("int8", 65, 64)]
    [InlineData("int8", 30, 33)]
    [InlineData("k4v4", 66, 100)]
    [InlineData("fp8", 66, 48)]
    public void NothingOutsideTheTensorsIsTouched(string recipe, int tokens, int headDim)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        AttentionShape shape = new(1, 1, tokens, tokens, headDim);
        CpuTestCase test = CpuTestCase.Of(CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)));
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (float[] wanted, float[] wantedSums, _) = test.Run(options);
            foreach (bool after in (bool[])[true, false])
            {
                using GuardedMemory<float> query = Guard(test.Inputs.Query, after);
                using GuardedMemory<float> key = Guard(test.Inputs.Key, after);
                using GuardedMemory<float> value = Guard(test.Inputs.Value, after);
                using GuardedMemory<float> output = new(wanted.Length, after);
                using GuardedMemory<float> sums = new(tokens, after);
                using IAttentionKernel kernel = new CpuBackend(options).Compile(test.Plan);
                kernel.Run(new AttentionInputs(shape, query.Span, key.Span, value.Span), new TensorSpan<float>(output.Span, [1, 1, tokens, headDim]), sums.Span);
                NumericAssert.BitwiseEqual(wanted, output.Span);
                NumericAssert.BitwiseEqual(wantedSums, sums.Span);
            }
        }

        [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
        static GuardedMemory<float> Guard(float[] data, bool after)
        {
            GuardedMemory<float> memory = new(data.Length, after);
            data.CopyTo(memory.Span);
            return memory;
        }
    }

    [Theory]
    [InlineData("none")]
    [InlineData("int8")]
    [InlineData("int4")]
    [InlineData("fp8")]
    public void NonFiniteInputsAreRefusedByPlace(string recipe)
    {
        AttentionShape shape = new(1, 2, 70, 70, 32);
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity])
        {
            for (int operand = 0; operand < 3; operand++)
            {
                CpuTestCase test = CpuTestCase.Of(CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)));
                float[] data = operand switch { 0 => test.Inputs.Query, 1 => test.Inputs.Key, _ => test.Inputs.Value };
                data[((70 + 66) * 32) + 9] = bad;
                ArgumentException error = Assert.Throws<ArgumentException>(() => test.Run(CpuOptions.Default));
                Assert.Contains($"{(operand switch { 0 => "query", 1 => "key", _ => "value" })}[0, 1, 66, 9]", error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void ScoresThatCouldOverflowAreRefused()
    {
        CpuTestCase test = CpuTestCase.Of(CpuTestCase.Dense(new AttentionShape(1, 1, 8, 8, 16)));
        test.Inputs.Query[3] = 1e20f;
        test.Inputs.Key[3] = 1e20f;
        Assert.Contains("beyond binary32", Assert.Throws<ArgumentException>(() => test.Run(CpuOptions.Default)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CancelledRunsThrowAndTheKernelStaysUsable()
    {
        AttentionShape shape = new(1, 1, 100, 100, 16);
        SeededInputs inputs = SeededInputs.Normal(shape);
        float[] output = new float[inputs.Query.Length];
        using IAttentionKernel kernel = CpuBackend.Shared.Compile(CpuTestCase.Dense(shape));
        Assert.Throws<OperationCanceledException>(() => kernel.Run(inputs.Inputs, new TensorSpan<float>(output, [1, 1, 100, 16]), default, new CancellationToken(canceled: true)));
        kernel.Run(inputs.Inputs, new TensorSpan<float>(output, [1, 1, 100, 16]));
        NumericAssert.AllFinite(output);
        Assert.NotEqual(0, output[0]);
    }

    [Fact]
    public void SupportsNamesTheKernelsOrTheFault()
    {
        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 1, 8, 8, 16), KnownRecipes.Int8);
        Assert.True(CpuBackend.Shared.Supports(plan).IsSupported);
        Assert.Contains("int8", CpuBackend.Shared.Supports(plan).Reason, StringComparison.Ordinal);
        AttentionPlan wrong = plan with { Recipe = KnownRecipes.Int8 with { Name = "wrong", Key = new(NumberFormat.UInt8) } };
        Assert.False(CpuBackend.Shared.Supports(wrong).IsSupported);
        Assert.Throws<BackendUnavailableException>(() => CpuBackend.Shared.Compile(wrong));
    }
}
