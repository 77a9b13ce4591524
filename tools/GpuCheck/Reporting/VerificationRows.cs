using System.Text.Json;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Verification;

namespace GpuCheck.Reporting;

/// <summary>
/// Reports of the stages, of one visit or of several, to rows of <c>gpu/verified.json</c>. No device is needed: reports say what ran.
/// </summary>
internal static class VerificationRows
{
    private const string Timings = "timings";

    /// <summary>Stages that verify, in the order that decides what a row quotes.</summary>
    public static readonly string[] Stages = ["quantize", "attention", "rows"];

    /// <summary>Kernels of these sources that every check of these reports passed.</summary>
    /// <param name="folder">Folder of the reports.</param>
    /// <exception cref="InvalidOperationException">A report is of a quick run, or reports are of several devices.</exception>
    public static IReadOnlyList<VerifiedKernel> Of(string folder)
    {
        StageReport[] reports = [.. ((string[])[.. Stages, Timings]).Select(stage => Read(folder, stage)).OfType<StageReport>()];
        string[] devices = [.. reports.Select(static report => report.Device?.Name ?? "no device").Distinct()];
        if (devices.Length > 1)
        {
            throw new InvalidOperationException(
                $"{folder} has reports of {string.Join(" and ", devices)}; verify those of one device at a time.");
        }

        return
        [
            .. KernelCatalogue.Kernels.Select(kernel => RowOf(kernel.Name, reports)).OfType<VerifiedKernel>(),
        ];
    }

    private static StageReport? Read(string folder, string stage)
    {
        string path = Path.Combine(folder, $"{stage}.json");
        if (!File.Exists(path))
        {
            return null;
        }

        StageReport report = JsonSerializer.Deserialize(File.ReadAllText(path), ReportJsonContext.Default.StageReport)!;
        return report.IsQuick
            ? throw new InvalidOperationException($"{path} is of a quick run; it verifies nothing.")
            : report;
    }

    private static VerifiedKernel? RowOf(string kernel, StageReport[] reports)
    {
        KernelSource source = KernelSource.Load(KernelCatalogue.Modules.First(module => module.Kernels.Contains(kernel)));
        List<(StageReport Stage, KernelRecord Record, CheckRow Row)> rows = [];
        double speed = 0;
        foreach (StageReport report in reports)
        {
            // A kernel that ran from other sources than these shows nothing of these.
            if (report.Kernels.FirstOrDefault(record => record.Name == kernel) is not { } record
                || source.Fingerprint([record.Options]) != record.Hash)
            {
                continue;
            }

            CheckRow[] own = [.. report.Rows.Where(row => row.Kernels.Contains(kernel))];
            if (report.Stage == Timings)
            {
                speed = own.Where(row => row.Kernels[0] == kernel).Max(static row => row.Value) ?? 0;
            }
            else
            {
                rows.AddRange(own.Select(row => (report, record, row)));
            }
        }

        bool failed = rows.Exists(static entry => entry.Row.Outcome == CheckOutcome.Failed || entry.Record.LocalBytes > 0);
        rows.RemoveAll(static entry => entry.Row.Outcome != CheckOutcome.Passed);
        return failed || rows.Count == 0 ? null : Quote(kernel, rows, speed);
    }

    private static VerifiedKernel Quote(string kernel, List<(StageReport Stage, KernelRecord Record, CheckRow Row)> rows, double speed)
    {
        // The strictest measure that the kernel was held to, and the worst it showed there.
        (StageReport stage, KernelRecord record, CheckRow worst) = rows
            .GroupBy(static entry => entry.Row.Unit)
            .Select(static group => group.MaxBy(static entry => entry.Row.Value))
            .MinBy(static entry => entry.Row.Bound);
        return new VerifiedKernel
        {
            Kernel = kernel,
            Hash = record.Hash,
            Options = record.Options,
            Device = stage.Device!.Name,
            Driver = CudaVersion.Text(stage.Device.DriverVersion),
            Compiler = record.Compiler,
            Date = DateOnly.FromDateTime(stage.Time.UtcDateTime),
            Error = worst.Value ?? 0,
            Check = FormattableString.Invariant($"{worst.Unit}, at most {worst.Bound}, {rows.Count} checks"),
            Registers = record.Registers,
            LocalBytes = record.LocalBytes,
            TeraOperations = speed > 0 ? Math.Round(speed, 1) : null,
        };
    }
}
