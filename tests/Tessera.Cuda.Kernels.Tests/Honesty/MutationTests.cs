using System.Collections.Concurrent;
using Tessera.Cuda.Emulation;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>Tests of the tests: each planted fault must make the emulated suite fail, and for no other reason.</summary>
public sealed class MutationTests(ITestOutputHelper log)
{
    // Built together, on all cores.
    private static readonly Lazy<ConcurrentDictionary<string, EmulatedKernels>> Built = new(static () =>
    {
        ConcurrentDictionary<string, EmulatedKernels> built = new();
        Parallel.ForEach(Mutations.All, mutation => built[mutation.Name] = mutation.Build());
        return built;
    });

    public static TheoryData<string> Names => [.. Mutations.All.Select(static mutation => mutation.Name)];

    [EmulatedFact]
    public void Sound_kernels_pass()
    {
        KernelSuites.Attention(Mutation.BuildSound(KernelSuites.AttentionUnits));
        KernelSuites.Rows(Mutation.BuildSound(KernelSuites.RowsUnits));
        KernelSuites.Probe(Mutation.BuildSound(KernelSuites.ProbeUnits));
        EmulatedKernels pipeline = Mutation.BuildSound(KernelSuites.PipelineUnits);
        KernelSuites.Pipeline(pipeline);
        KernelSuites.NarrowPipeline(pipeline);
        KernelSuites.Warpgroup(Mutation.BuildSound(KernelSuites.WarpgroupUnits));
        KernelSuites.Store(Mutation.BuildSound(KernelSuites.StoreUnits));
    }

    [EmulatedTheory]
    [MemberData(nameof(Names))]
    public void A_planted_fault_is_found(string name)
    {
        Mutation mutation = Mutations.All.Single(entry => entry.Name == name);
        EmulatedKernels kernels = Built.Value[name];
        try
        {
            mutation.Suite(kernels);
        }
        catch (EmulationFaultException fault)
        {
            log.WriteLine(fault.Message);
            Assert.Matches(mutation.Symptom ?? "", fault.Message);
            return;
        }
        catch (XunitException failure) when (mutation.Symptom is null)
        {
            log.WriteLine(failure.Message);
            return;
        }

        Assert.Fail($"The suite passed although {name}.");
    }
}
