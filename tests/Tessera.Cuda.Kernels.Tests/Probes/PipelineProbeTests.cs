using Tessera.Cuda.Emulation;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Probes;

/// <summary>
/// That K2 and K3 can be developed on the emulator: rings of stages, turns of two warpgroups, products from registers, an epilogue by stmatrix
/// and bulk store, exact in every schedule.
/// </summary>
public sealed class PipelineProbeTests
{
    /// <summary>Bits that DeepSeek-V3 (arXiv 2412.19437, 3.5.2) found Hopper's tensor cores to keep of sums of E4M3 products.</summary>
    internal const int HopperBits = 14;

    public static TheoryData<string> Kernels => ["probe_pipeline_int8_d64", "probe_pipeline_int8_d128", "probe_pipeline_e4m3_d128"];

    [EmulatedTheory]
    [MemberData(nameof(Kernels))]
    public void A_block_sparse_pipeline_is_exact_in_every_schedule(string kernel)
    {
        PipelineCase inputs = new(kernel);
        Assert.All(EmulatedSchedule.All, schedule => Assert.Equal(0, inputs.Run(null, schedule)));
    }

    [EmulatedFact]
    public void Sums_of_one_block_stay_exact_in_narrow_accumulators() =>
        Assert.Equal(0, new PipelineCase("probe_pipeline_e4m3_d128", positive: true).Run(null, new EmulatedSchedule(1), HopperBits));
}
