using GpuCheck.Inputs;
using GpuCheck.Reporting;
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

        GpuCheckRun run = GpuCheckRun.Of(_folder, emulator, "probe", "quantize", "attention", "rows", "smallest", "timings", "--quick");

        Assert.True(run.ExitCode == 0, $"{run.Output}\n{run.Error}");
        foreach (string stage in (string[])["probe", "quantize", "attention", "rows", "smallest", "timings"])
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
    public void A_lost_context_ends_the_stage_and_keeps_what_was_found()
    {
        GpuCheckRun run = GpuCheckRun.Of(_folder, [("STUB_FAIL", "cuLaunchKernel:700")], "attention", "--quick");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("CUDA_ERROR_ILLEGAL_ADDRESS", GpuCheckRun.Report(_folder, "attention").Rows[^1].Detail, StringComparison.Ordinal);
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
