using GpuCheck.Probes;
using Tessera.Cuda.Emulation;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Probes;

/// <summary>
/// That K2 and K3 can be developed on the emulator: rings of stages, turns of two warpgroups, products from registers, an epilogue by
/// stmatrix and bulk store, exact in every schedule.
/// </summary>
public sealed class PipelineProbeTests
{
    /// <summary>Bits that DeepSeek-V3 (arXiv 2412.19437, 3.5.2) found Hopper's tensor cores to keep of sums of E4M3 products.</summary>
    internal const int HopperBits = 14;

    public static TheoryData<string> Kernels =>
        [.. BlockSparseProbes.Pipelines.Concat(BlockSparseProbes.Warpgroups).Select(static probe => probe.Kernel)];

    /// <summary>E4M3 whose sums outgrow narrow accumulators, though those of one block do not.</summary>
    internal static (InstructionProbe Probe, ProbeData Data) Growing { get; } =
        (BlockSparseProbes.Pipelines[^1], BlockSparseProbes.Growing());

    [EmulatedTheory]
    [MemberData(nameof(Kernels))]
    public void A_block_sparse_pipeline_is_exact_in_every_schedule(string kernel)
    {
        InstructionProbe probe = ProbeCatalogue.Of(kernel);
        ProbeData data = probe.Data();
        Assert.All(EmulatedSchedule.All, schedule => Check(EmulatedKernels.Shared, probe, data, schedule));
    }

    [EmulatedFact]
    public void Sums_of_one_block_stay_exact_in_narrow_accumulators() =>
        Check(EmulatedKernels.Shared, Growing.Probe, Growing.Data, new EmulatedSchedule(1), HopperBits);

    /// <summary>The measure that a GPU is put to counts the bits behind the leading one.</summary>
    [EmulatedTheory]
    [InlineData("wgmma e4m3", 14)]
    [InlineData("wgmma e4m3", 22)]
    [InlineData("mma.sync e4m3", 14)]
    public void The_measure_of_a_device_reads_back_what_the_emulator_keeps(string name, int bits)
    {
        AccumulatorPrecision precision = AccumulatorPrecision.All.First(precision => precision.Name == name);
        using EmulatedDevice device = new(90) { AccumulatorBits = bits };
        foreach (bool inAccumulator in (bool[])[false, true])
        {
            uint[] output = ProbeRun.Output(device, precision.Probe, precision.Data(inAccumulator));
            Assert.Equal(bits - 1, AccumulatorPrecision.Bits(precision.Kept(output, inAccumulator)));
        }
    }

    internal static void Check(
        EmulatedKernels kernels, InstructionProbe probe, ProbeData data, EmulatedSchedule schedule, int accumulatorBits = 0)
    {
        using EmulatedDevice device = new(90, schedule, kernels) { AccumulatorBits = accumulatorBits };
        ProbeRun run = ProbeRun.Of(device, probe, data);
        Assert.True(run.Wrong == 0, $"{run.Wrong} of {run.Words} words: {run.First}");
    }
}
