using GpuCheck.Probes;
using Tessera.Cuda.Emulation;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>
/// What the probes say they prove, against what clang makes of them: each holds the instructions it names, and no instruction of any kernel
/// is left without a probe.
/// </summary>
public sealed class ProbeCoverageTests
{
    [DevicePtxFact]
    public void A_probe_holds_the_instructions_that_it_names()
    {
        foreach (InstructionProbe probe in ProbeCatalogue.All)
        {
            foreach ((string target, int architecture) in InstructionProbe.Targets.Where(target => target.Architecture >= probe.Architecture))
            {
                PtxModule module = InventoryTests.Modules[$"{Path.GetFileNameWithoutExtension(probe.Source)}.{target}"];
                string[] held = [.. module.Statements.Where(statement => statement.Kernel == probe.Kernel).Select(static statement => statement.Mnemonic)];

                Assert.True(architecture >= probe.Architecture && probe.Mnemonics.Count > 0);
                Assert.True(!probe.Mnemonics.Except(held).Any(), $"{probe.Kernel} for {target} lacks {string.Join(", ", probe.Mnemonics.Except(held))}");
            }
        }
    }

    [DevicePtxFact]
    public void Every_instruction_of_every_kernel_has_a_probe() => Assert.Empty(
        InventoryTests.Modules.Values.SelectMany(static module => module.Statements).Select(static statement => statement.Mnemonic)
            .Except(ProbeCatalogue.All.SelectMany(static probe => probe.Mnemonics)).Order(StringComparer.Ordinal));

    [EmulatedFact]
    public void Threads_and_shared_memory_are_those_of_the_source()
    {
        Dictionary<string, EmulatedKernel> facts = EmulatedKernels.Shared.Kernels.ToDictionary(static kernel => kernel.Name);
        foreach (InstructionProbe probe in ProbeCatalogue.Kernels)
        {
            EmulatedKernel fact = facts[probe.Kernel];
            Assert.Equal((probe.Kernel, probe.Threads, probe.SharedBytes), (fact.Name, fact.Threads, fact.SharedBytes));
        }
    }
}
