using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Kernels.Tests.Probes;
using Tessera.Fidelity;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Tessera.Cuda.Kernels.Tests.Attention;

/// <summary>What E4M3 attention loses on tensor cores that keep 14 bits of their sums.</summary>
public sealed class NarrowAccumulatorTests(ITestOutputHelper log)
{
    [EmulatedTheory]
    [InlineData(64)]
    [InlineData(128)]
    public void Sums_of_64_keys_keep_attention_within_its_budget(int channels)
    {
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 1, 128, 640, channels)) with { Recipe = KnownRecipes.Float8 };
        SeededInputs inputs = SeededInputs.Normal(plan.Shape);
        ReferenceResult expected = ReferenceAttention.Compute(plan, inputs.Inputs);
        double exact = Error(0), narrow = Error(PipelineProbeTests.HopperBits);
        log.WriteLine($"{channels} channels: {exact:E2} with sums of all bits, {narrow:E2} with {PipelineProbeTests.HopperBits}");
        Assert.InRange(narrow, 1.5 * exact, 5e-3);

        double Error(int bits)
        {
            using EmulatedDevice device = new(89) { AccumulatorBits = bits };
            return AttentionError.Compare(expected.Output, KernelAttention.Run(device, plan, inputs).Output).RelativeL2;
        }
    }
}
