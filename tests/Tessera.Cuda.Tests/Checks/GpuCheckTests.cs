using GpuCheck;
using GpuCheck.Inputs;
using GpuCheck.Probes;
using GpuCheck.Reporting;
using GpuCheck.Stages;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Tests.Stubs;
using Tessera.Masks;
using Xunit;

namespace Tessera.Cuda.Tests.Checks;

/// <summary>The program that goes to the GPU, dry-run before it does: bindings over the stub driver, kernels over the emulator.</summary>
public sealed class GpuCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gpu-check-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [EmulatedFact]
    public void Every_stage_passes_over_the_emulated_kernels()
    {
        (string, string)[] emulator = [("STUB_EMULATOR", EmulationBuild.Build(EmulationBuild.KernelFolder)), ("STUB_ARCHITECTURE", "89")];

        GpuCheckRun run = GpuCheckRun.Of(_folder, emulator, "probe", "quantize", "attention", "rows", "smallest", "timings", "tune", "--quick");

        Assert.True(run.ExitCode == 0, $"{run.Output}\n{run.Error}");
        foreach (string stage in (string[])["probe", "quantize", "attention", "rows", "smallest", "timings", "tune"])
        {
            StageReport report = GpuCheckRun.Report(_folder, stage);
            Assert.True(report.IsQuick);
            Assert.Equal("Stub GPU 0", report.Device!.Name);
            Assert.NotEmpty(report.Rows);
            Assert.DoesNotContain(report.Rows, static row => row.Outcome is CheckOutcome.Failed or CheckOutcome.Skipped);
            Assert.Contains($"## {stage}: ", File.ReadAllText(Path.Combine(_folder, $"{stage}.md")), StringComparison.Ordinal);
        }

        string[] passed =
        [
            .. new[] { "quantize", "attention", "rows" }.SelectMany(stage => GpuCheckRun.Report(_folder, stage).Rows)
                .Where(static row => row.Outcome == CheckOutcome.Passed).SelectMany(static row => row.Kernels).Distinct(),
        ];
        // 128 rows a tile need more work than an emulator has time for, and 64 channels only are quick; every other kernel is exercised.
        IEnumerable<string> left = KernelCatalogue.Kernels.Select(static kernel => kernel.Name).Except(passed)
            .Where(static kernel => !kernel.Contains("r128", StringComparison.Ordinal) && !kernel.Contains("d128", StringComparison.Ordinal));
        Assert.Empty(left);
    }

    [EmulatedFact]
    public void The_first_visit_passes_over_the_emulated_instructions()
    {
        (string, string)[] emulator = [("STUB_EMULATOR", EmulationBuild.Build(EmulationBuild.KernelFolder)), ("STUB_ARCHITECTURE", "90")];

        GpuCheckRun run = GpuCheckRun.Of(_folder, emulator, "m0", "--quick");

        Assert.True(run.ExitCode == 0, $"{run.Output}\n{run.Error}");
        StageReport instructions = GpuCheckRun.Report(_folder, "instructions");
        Assert.Equal(ProbeCatalogue.All.Select(static probe => probe.Name), instructions.Rows.Select(static row => row.Name));
        Assert.All(instructions.Rows, static row => Assert.Equal(CheckOutcome.Passed, row.Outcome));
        Assert.Contains("sm_80 accepted, sm_89 accepted, sm_90a accepted", instructions.Rows[0].Detail, StringComparison.Ordinal);
        Assert.Contains(GpuCheckRun.Report(_folder, "probe").Rows, static row => row is { Name: "axpy", Outcome: CheckOutcome.Passed });
        StageReport ceilings = GpuCheckRun.Report(_folder, "ceilings");
        Assert.Equal(Ceiling.All.Count + (2 * AccumulatorPrecision.All.Count) + 1, ceilings.Rows.Count);
        Assert.All(ceilings.Rows, static row => Assert.Equal(CheckOutcome.Measured, row.Outcome));
        Assert.True(File.Exists(Path.Combine(_folder, "cubins", "probe_mma_e4m3.sm_90.cubin")));
        // A dry run proves nothing.
        Assert.False(File.Exists(Path.Combine(_folder, "instructions.tsv")));
    }

    [EmulatedFact]
    public void What_passes_is_proved_in_the_table_and_what_ends_or_hangs_is_not()
    {
        (string, string)[] faulty =
        [
            ("STUB_EMULATOR", EmulationBuild.Build(EmulationBuild.KernelFolder)), ("STUB_ARCHITECTURE", "90"), ("STUB_ABORT", "probe_permute_bytes"),
            ("STUB_HANG", "probe_round_to_even"),
        ];

        GpuCheckRun run = GpuCheckRun.Of(_folder, faulty, "instructions", "--limit", "5");

        Assert.Equal(2, run.ExitCode);
        StageReport report = GpuCheckRun.Report(_folder, "instructions");
        Assert.True(report.IsComplete);
        Assert.Equal(ProbeCatalogue.All.Select(static probe => probe.Name), report.Rows.Select(static row => row.Name));
        Assert.Equal(["probe_permute_bytes", "probe_round_to_even"], report.Rows.Where(static row => row.Outcome == CheckOutcome.Failed).Select(static row => row.Name));
        Assert.Contains("its process ended with code", report.Rows[1].Detail, StringComparison.Ordinal);
        Assert.Contains("no answer for 5 s; its process was killed", run.Error, StringComparison.Ordinal);
        string table = File.ReadAllText(Path.Combine(_folder, "instructions.tsv"));
        string[] unproved = [.. table.Split('\n').Where(static line => line.EndsWith("\tno", StringComparison.Ordinal))];
        Assert.Equal(2, unproved.Length);
        Assert.StartsWith("prmt", unproved[0], StringComparison.Ordinal);
        Assert.StartsWith("cvt\\.rni", unproved[1], StringComparison.Ordinal);
        Assert.Contains("# Proved: Stub GPU 0 (sm_90), driver 13.0, NVRTC 13.0, ", table, StringComparison.Ordinal);
    }

    [StubFact]
    public void Cases_of_full_size_can_be_named_and_have_names_of_their_own()
    {
        // Sizes that only a device has time for are not run here; that they are valid must not be left to a visit.
        foreach (bool quick in (bool[])[false, true])
        {
            using CheckContext context = new(quick, _folder, _folder);
            foreach (IStage stage in Program.Stages)
            {
                string[] names = [.. stage.Cases(context).Select(static part => part.Name)];

                Assert.NotEmpty(names);
                Assert.Equal(names.Distinct(), names);
                Assert.Null(context.OpenedDevice);
            }
        }
    }

    [EmulatedFact]
    public void A_quick_run_verifies_nothing()
    {
        (string, string)[] emulator = [("STUB_EMULATOR", EmulationBuild.Build(EmulationBuild.KernelFolder))];

        GpuCheckRun run = GpuCheckRun.Of(_folder, emulator, "rows", "verify", "--quick");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("is of a quick run", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "verified.json")));
    }

    [StubFact]
    public void Kernels_that_do_nothing_fail_and_the_exit_code_says_so()
    {
        GpuCheckRun run = GpuCheckRun.Of(_folder, [], "smallest", "--quick");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("**FAILED**", run.Output, StringComparison.Ordinal);
    }

    [StubFact]
    public void A_device_that_is_lost_again_and_again_ends_the_stage_and_keeps_what_was_found()
    {
        GpuCheckRun run = GpuCheckRun.Of(_folder, [("STUB_FAIL", "cuLaunchKernel:700")], "attention", "--quick");

        Assert.Equal(2, run.ExitCode);
        StageReport report = GpuCheckRun.Report(_folder, "attention");
        Assert.False(report.IsComplete);
        Assert.Equal(5, report.Rows.Count);
        Assert.Equal(("kernels", CheckOutcome.Measured), (report.Rows[0].Name, report.Rows[0].Outcome));
        Assert.All(report.Rows.Skip(1).Take(3), static row => Assert.Contains("CUDA_ERROR_ILLEGAL_ADDRESS", row.Detail, StringComparison.Ordinal));
        Assert.Contains("given up after 3 cases", report.Rows[^1].Detail, StringComparison.Ordinal);
    }

    [StubFact]
    public void A_stage_that_is_out_of_time_says_what_it_left_out()
    {
        GpuCheckRun run = GpuCheckRun.Of(_folder, [], "attention", "--quick", "--seconds", "0");

        Assert.Equal(0, run.ExitCode);
        Assert.All(GpuCheckRun.Report(_folder, "attention").Rows, static row =>
            Assert.Equal((CheckOutcome.Skipped, "the stage was out of time"), (row.Outcome, row.Detail)));
    }

    [StubTheory]
    [InlineData("/nonexistent/libcuda.so.1", "TESSERA_CUDA_DRIVER names /nonexistent/libcuda.so.1, which cannot be loaded")]
    [InlineData("nvrtc", "is no CUDA driver or too old")]
    [InlineData("old", "Unable to find an entry point")]
    public void A_driver_that_is_missing_foreign_or_too_old_is_reported_with_the_reason(string driver, string reason)
    {
        string file = driver switch { "nvrtc" => StubLibraries.Nvrtc, "old" => StubLibraries.OldDriver, _ => driver };

        GpuCheckRun run = GpuCheckRun.Of(_folder, [("TESSERA_CUDA_DRIVER", file)], "probe");

        Assert.Equal(2, run.ExitCode);
        CheckRow row = GpuCheckRun.Report(_folder, "probe").Rows[0];
        Assert.Equal(("CUDA driver", CheckOutcome.Failed), (row.Name, row.Outcome));
        Assert.Contains(reason, row.Detail, StringComparison.Ordinal);
        GpuCheckRun attention = GpuCheckRun.Of(_folder, [("TESSERA_CUDA_DRIVER", file)], "attention");
        Assert.Equal(3, attention.ExitCode);
        Assert.Contains("No CUDA device", attention.Error, StringComparison.Ordinal);
    }

    [StubFact]
    public void Without_NVRTC_the_driver_compiles_the_packages_PTX()
    {
        GpuCheckRun run = GpuCheckRun.Of(_folder, [("TESSERA_NVRTC", "/nonexistent/libnvrtc.so.13")], "probe", "--quick");

        Assert.Equal(0, run.ExitCode);
        StageReport report = GpuCheckRun.Report(_folder, "probe");
        CheckRow kernel = report.Rows.First(static row => row.Name == "channel_means");
        Assert.Contains("PTX for sm_80, compiled by the driver", kernel.Detail, StringComparison.Ordinal);
        Assert.Equal(CheckOutcome.Skipped, report.Rows.First(static row => row.Name == "NVRTC").Outcome);
        Assert.Equal(0, report.NvrtcVersion);
    }

    [Fact]
    public void Lists_go_to_the_peers_as_counts_and_blocks()
    {
        BlockMask mask = RandomLists.Make(2, 300, 0.5, new BlockSize(64, 64));
        string path = Path.Combine(_folder, "lists.i32");
        ListFile.Write(path, mask);
        byte[] bytes = File.ReadAllBytes(path);
        int[] words = new int[bytes.Length / 4];
        Buffer.BlockCopy(bytes, 0, words, 0, bytes.Length);

        Assert.Equal([2, 5, 5], words[..3]);
        Assert.Equal(mask.FullKeyBlocks(0, 0).Length, words[3]);
        Assert.Equal(3 + (2 * 5) + mask.KeptBlocks, words.Length);
        Assert.InRange(mask.Density, 0.35, 0.6);
    }

    [Fact]
    public void Random_numbers_depend_on_their_place_alone()
    {
        float[] whole = CounterNormal.Fill(3, 200_000);

        Assert.Equal(CounterNormal.At(3, 150_001), whole[150_001]);
        Assert.NotEqual(CounterNormal.At(4, 150_001), whole[150_001]);
        Assert.InRange(whole.Average(), -0.01, 0.01);
        Assert.InRange(whole.Average(static x => x * x), 0.98, 1.02);
        Assert.All(whole, static x => Assert.True(float.IsFinite(x)));
    }
}
