using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Execution;
using Tessera.Cuda.Planning;
using Tessera.Cuda.Tests.Backend;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Execution;

/// <summary>More heads than the second axis of a grid holds run in several launches and give the bits of one.</summary>
public sealed class HeadRangeTests
{
    [Fact]
    public void Ranges_are_whole_sequences_that_fit_a_launch()
    {
        Assert.Equal([new(0, 3, 6), new(2, 3, 6), new(4, 3, 3)], HeadRange.Of(new AttentionShape(5, 3, 1, 1, 64), 7));
        Assert.Equal([new(0, 8, 16)], HeadRange.Of(new AttentionShape(2, 8, 1, 1, 64), 65535));
        HeadRange[] many = HeadRange.Of(new AttentionShape(300, 300, 1, 1, 64), 65535);
        Assert.Equal([65400, 24600], many.Select(static range => range.Heads));
        Assert.Equal(65400, many[1].First);
        Assert.Equal(0x1000ul + (65400ul << 20), many[1].In(0x1000ul, 1 << 20));
        Assert.Equal(0ul, many[1].In(0ul, 1 << 20));
    }

    [EmulatedTheory]
    [InlineData("int8", NumberFormat.Float32)]
    [InlineData("paro-released", NumberFormat.BFloat16)]
    [InlineData("bf16", NumberFormat.Float16)]
    [InlineData("sage", NumberFormat.Float32)]
    [InlineData("per-tensor", NumberFormat.Float32)]
    public void Several_launches_give_the_bits_of_one(string name, NumberFormat format)
    {
        QuantizationRecipe recipe = name == "per-tensor"
            ? KnownRecipes.SageInt8Value with
            {
                Query = new(NumberFormat.Int8, QuantizationGranularity.PerTensor),
                Key = new(NumberFormat.Int8, QuantizationGranularity.PerHead),
            }
            : KnownRecipes.Parse(name);
        AttentionShape shape = new(5, 2, 70, 70, 40);
        AttentionPlan plan = BackendCase.Dense(shape, recipe);
        NarrowInputs inputs = new(SeededInputs.Biased(shape), format);
        using EmulatedDevice device = new();
        Assert.Null(PlanTranslation.Translate(plan, device.Properties, out PlannedAttention? planned));

        (float[] one, float[] oneSums) = Run(plan, planned!, device, inputs);
        int launches = device.Launches.Count;
        (float[] several, float[] severalSums) = Run(plan, planned! with { HeadsOfALaunch = 5 }, device, inputs);

        NumericAssert.BitwiseEqual(one, several);
        NumericAssert.BitwiseEqual(oneSums, severalSums);

        // Two sequences at a time, three times; means and attention are one launch as before.
        int whole = device.Launches.Take(launches).Count(static kernel => kernel == "channel_means" || kernel.Contains("_qk_", StringComparison.Ordinal));
        Assert.Equal(whole + (3 * (launches - whole)), device.Launches.Count - launches);
    }

    private static (float[] Output, float[] LogSumExp) Run(AttentionPlan plan, PlannedAttention planned, EmulatedDevice device, NarrowInputs inputs)
    {
        using CudaAttentionKernel kernel = new(plan, planned, device);
        AttentionShape shape = plan.Shape;
        float[] output = new float[shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim];
        float[] logSumExp = new float[output.Length / shape.HeadDim];
        kernel.Run(inputs.Inputs, new TensorSpan<float>(output, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]), logSumExp);
        return (output, logSumExp);
    }
}
