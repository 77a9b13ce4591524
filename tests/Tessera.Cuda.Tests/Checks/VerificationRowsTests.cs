using System.Text.Json;
using GpuCheck.Reporting;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Verification;
using Xunit;

namespace Tessera.Cuda.Tests.Checks;

/// <summary>What reports of one visit or several verify.</summary>
public sealed class VerificationRowsTests : IDisposable
{
    private const string Options = "--gpu-architecture=sm_90 --std=c++17 -lineinfo";

    private readonly string _folder = Directory.CreateTempSubdirectory("verification-rows-").FullName;
    private readonly string _kernel = KernelCatalogue.Attention[0].Name;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Stages_of_several_visits_are_taken_together()
    {
        Write(Report("attention", Row(CheckOutcome.Passed, 3e-4, 5e-3), Row(CheckOutcome.Passed, 8e-4, 5e-3)));
        Write(Report("rows", Row(CheckOutcome.Passed, 6e-4, 5e-3)));
        Write(Report("timings", Row(CheckOutcome.Measured, 431.26, null, "TOP/s"), Row(CheckOutcome.Measured, 402, null, "TOP/s")));

        VerifiedKernel verified = Assert.Single(VerificationRows.Of(_folder));

        Assert.Equal((_kernel, Options, "NVIDIA Test", "13.0", "13.1"), (verified.Kernel, verified.Options, verified.Device, verified.Driver, verified.Compiler));
        Assert.Equal((8e-4, 431.3, 168, 0), (verified.Error, verified.TeraOperations, verified.Registers, verified.LocalBytes));
        Assert.Equal("relative L2, at most 0.005, 3 checks", verified.Check);
        Assert.Equal(Hash(), verified.Hash);
    }

    [Fact]
    public void A_failure_anywhere_verifies_nothing()
    {
        Write(Report("attention", Row(CheckOutcome.Passed, 3e-4, 5e-3)));
        Write(Report("rows", Row(CheckOutcome.Failed, double.NaN, 5e-3)));

        Assert.Empty(VerificationRows.Of(_folder));
    }

    [Fact]
    public void A_spill_or_other_sources_verify_nothing()
    {
        StageReport good = Report("attention", Row(CheckOutcome.Passed, 3e-4, 5e-3));
        Write(good with { Kernels = [good.Kernels[0] with { LocalBytes = 8 }] });
        Assert.Empty(VerificationRows.Of(_folder));
        Write(good with { Kernels = [good.Kernels[0] with { Hash = new string('0', 64) }] });
        Assert.Empty(VerificationRows.Of(_folder));
        Write(good with { Kernels = [] });
        Assert.Empty(VerificationRows.Of(_folder));
        Write(good);
        Assert.Single(VerificationRows.Of(_folder));
    }

    [Fact]
    public void Reports_of_two_devices_and_of_quick_runs_are_refused()
    {
        StageReport attention = Report("attention", Row(CheckOutcome.Passed, 3e-4, 5e-3));
        StageReport rows = Report("rows", Row(CheckOutcome.Passed, 3e-4, 5e-3));
        Write(attention);
        Write(rows with { Device = rows.Device! with { Name = "NVIDIA Other" } });
        Assert.Contains("NVIDIA Test and NVIDIA Other", Assert.Throws<InvalidOperationException>(() => VerificationRows.Of(_folder)).Message, StringComparison.Ordinal);
        Write(rows with { IsQuick = true });
        Assert.Contains("quick run", Assert.Throws<InvalidOperationException>(() => VerificationRows.Of(_folder)).Message, StringComparison.Ordinal);
    }

    private string Hash() =>
        KernelSource.Load(KernelCatalogue.Modules.First(module => module.Kernels.Contains(_kernel))).Fingerprint(Options.Split(' '));

    private CheckRow Row(CheckOutcome outcome, double value, double? bound, string unit = "relative L2") =>
        new("row", outcome, value, bound, unit, "") { Kernels = [_kernel] };

    private StageReport Report(string stage, params CheckRow[] rows) =>
        SampleReport.Of(stage, rows) with { Kernels = [new KernelRecord(_kernel, Hash(), Options, "13.1", 168, 0)] };

    private void Write(StageReport report) => File.WriteAllText(
        Path.Combine(_folder, $"{report.Stage}.json"), JsonSerializer.Serialize(report, ReportJsonContext.Default.StageReport));
}
