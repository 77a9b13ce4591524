using GpuCheck.Probes;
using Tessera.Cuda.Emulation;
using Xunit;

namespace Tessera.Cuda.Tests.Checks;

/// <summary>The probes of single instructions on the emulator: what they are held against a device for must hold there.</summary>
public sealed class InstructionProbeTests
{
    public static TheoryData<string> Probes => [.. ProbeCatalogue.All.Select(static probe => probe.Name), WarpProbes.Axpy.Name];

    [EmulatedTheory]
    [MemberData(nameof(Probes))]
    public void A_probe_computes_what_its_instruction_is_defined_to(string name)
    {
        InstructionProbe probe = Of(name);
        foreach (EmulatedSchedule schedule in EmulatedSchedule.All)
        {
            ProbeRun run = Run(probe, probe.Data(), schedule);

            Assert.True(run.Wrong == 0, $"{run.Wrong} of {run.Words} words: {run.First}");
            Assert.Equal(probe.Data().Expected.Length, run.Words);
        }
    }

    [EmulatedTheory]
    [MemberData(nameof(Probes))]
    public void A_wrong_expectation_is_found_in_any_word(string name)
    {
        InstructionProbe probe = Of(name);
        ProbeData data = probe.Data();
        foreach (int word in new[] { 0, data.Expected.Length / 2, data.Expected.Length - 1 })
        {
            // The sign of a number, the lowest byte of an integer or a code, a number in place of NaN.
            uint[] expected = [.. data.Expected];
            uint right = expected[word];
            expected[word] = new[] { right ^ 0x80000000, right ^ 0x81, 0x3f813f81u }.First(planted => !data.Comparison.Accepts(planted, right));
            ProbeRun run = Run(probe, data with { Expected = expected }, default);

            Assert.Equal(1, run.Wrong);
            Assert.Contains($"word {word}", run.First, StringComparison.Ordinal);
        }
    }

    [EmulatedFact]
    public void Sums_of_probes_are_exact_in_narrow_accumulators_too()
    {
        // What Hopper is said to keep of sums of E4M3 products; a right instruction must not fail for it.
        const int Bits = 14;
        using EmulatedDevice device = new(90, new EmulatedSchedule(1)) { AccumulatorBits = Bits };

        foreach (InstructionProbe probe in ProbeCatalogue.All.Where(static probe => probe.Mnemonics.Any(static name => name.Contains("e4m3.e4m3", StringComparison.Ordinal))))
        {
            ProbeRun run = ProbeRun.Of(device, probe, probe.Data());
            Assert.True(run.Wrong == 0, $"{probe.Name}: {run.Wrong} of {run.Words} words: {run.First}");
        }

        foreach (Ceiling ceiling in Ceiling.All)
        {
            ProbeRun run = ProbeRun.Of(device, ceiling.Probe, ceiling.Data(3));
            Assert.True(run.Wrong == 0, $"{ceiling.Kernel}: {run.Wrong} of {run.Words} words: {run.First}");
        }
    }

    [Fact]
    public void Every_probe_stands_alone_in_its_file()
    {
        foreach (IGrouping<string, InstructionProbe> file in ProbeCatalogue.Kernels.GroupBy(static probe => probe.Source))
        {
            Assert.Equal(ProbeSource.KernelsOf(file.Key).Order(StringComparer.Ordinal), file.Select(static probe => probe.Kernel).Order(StringComparer.Ordinal));
            string whole = ProbeSource.Load(file.Key).Text;
            // Everything that is included goes along, by name.
            string[] headers = [.. ProbeSource.Load(file.Key).Headers.Select(static header => header.Name)];
            string[] texts = [whole, .. ProbeSource.Load(file.Key).Headers.Select(static header => header.Text)];
            string[] included =
            [
                .. texts.SelectMany(static text => text.Split('\n')).Where(static line => line.StartsWith("#include \"", StringComparison.Ordinal))
                    .Select(static line => line.Split('"')[1]).Where(static name => !name.StartsWith("emulated_", StringComparison.Ordinal)),
            ];
            Assert.Equal(included.Distinct().Order(StringComparer.Ordinal), headers.Order(StringComparer.Ordinal));
            Assert.Contains("compat.cuh", headers);
            foreach (InstructionProbe probe in file)
            {
                string alone = ProbeSource.Load(file.Key, probe.Kernel).Text;
                Assert.Contains($"({probe.Kernel},", alone, StringComparison.Ordinal);
                Assert.All(file.Where(other => other != probe), other => Assert.DoesNotContain($"({other.Kernel},", alone, StringComparison.Ordinal));
                Assert.StartsWith(whole[..whole.IndexOf("\nTESSERA_", StringComparison.Ordinal)], alone, StringComparison.Ordinal);
            }
        }
    }

    private static InstructionProbe Of(string name) => name == WarpProbes.Axpy.Name ? WarpProbes.Axpy : ProbeCatalogue.Of(name);

    private static ProbeRun Run(InstructionProbe probe, ProbeData data, EmulatedSchedule schedule)
    {
        using EmulatedDevice device = new(90, schedule);
        return ProbeRun.Of(device, probe, data);
    }
}
