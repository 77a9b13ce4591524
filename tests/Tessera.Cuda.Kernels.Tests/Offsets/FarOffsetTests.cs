using Tessera.Cuda.Emulation;
using Xunit;
using Xunit.Sdk;

namespace Tessera.Cuda.Kernels.Tests.Offsets;

/// <summary>Offsets have 64 bits: what lies beyond 2^32 bytes is found, and a test that looks there sees each one that would be cut.</summary>
public sealed class FarOffsetTests
{
    public static TheoryData<string> Faults => [.. OffsetFaults.Names];

    [EmulatedFact]
    public void Rows_beyond_32_bits_are_quantised_alike() => FarRows.Quantize(EmulatedKernels.Shared);

    [EmulatedFact]
    public void Sums_beyond_32_bits_are_alike() => FarRows.Sum(EmulatedKernels.Shared);

    [EmulatedFact]
    public void Values_beyond_32_bits_are_quantised_alike() => FarRows.Values(EmulatedKernels.Shared);

    [EmulatedFact]
    public void Attention_beyond_32_bits_is_alike() => FarAttention.Attend(EmulatedKernels.Shared);

    [EmulatedFact]
    public void Kernels_with_sleeping_faults_pass()
    {
        EmulatedKernels kernels = OffsetFaults.Asleep;
        FarRows.Quantize(kernels);
        FarRows.Sum(kernels);
        FarRows.Values(kernels);
        FarAttention.Attend(kernels);
    }

    [EmulatedTheory]
    [MemberData(nameof(Faults))]
    public void An_offset_that_is_cut_to_32_bits_is_found(string name)
    {
        try
        {
            OffsetFaults.Run(name);
        }
        catch (Exception found) when (found is XunitException or EmulationFaultException)
        {
            return;
        }

        Assert.Fail($"Nobody noticed that these are cut to 32 bits: {name}.");
    }
}
