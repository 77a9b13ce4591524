using System.Text.Json;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Verification;

namespace GpuCheck.Reporting;

/// <summary>Reports of the stages to rows of <c>gpu/verified.json</c>.</summary>
internal static class VerificationRows
{
    /// <summary>Stages that verify, in the order that decides what a row quotes.</summary>
    public static readonly string[] Stages = ["quantize", "attention", "rows"];

    /// <summary>Kernels that every check of these reports passed, with what the device says of them.</summary>
    /// <param name="folder">Folder of the reports.</param>
    /// <param name="device">The device that made them.</param>
    public static IReadOnlyList<VerifiedKernel> Of(string folder, CudaDevice device)
    {
        List<(StageReport Stage, CheckRow Row)> rows = [];
        Dictionary<string, double> speeds = [];
        foreach (string stage in (string[])[.. Stages, "timings"])
        {
            string path = Path.Combine(folder, $"{stage}.json");
            if (!File.Exists(path))
            {
                continue;
            }

            StageReport report = JsonSerializer.Deserialize(File.ReadAllText(path), ReportJsonContext.Default.StageReport)!;
            if (report.IsQuick || report.Device?.Name != device.Properties.Name)
            {
                throw new InvalidOperationException($"{path} is of a quick run or another device; it verifies nothing of {device.Properties.Name}.");
            }

            foreach (CheckRow row in report.Rows.Where(static row => row.Kernels.Count > 0))
            {
                if (stage == "timings")
                {
                    speeds[row.Kernels[0]] = Math.Max(speeds.GetValueOrDefault(row.Kernels[0]), row.Value ?? 0);
                }
                else
                {
                    rows.Add((report, row));
                }
            }
        }

        HashSet<string> failed = [.. rows.Where(static entry => entry.Row.Outcome == CheckOutcome.Failed).SelectMany(static entry => entry.Row.Kernels)];
        return
        [
            .. KernelCatalogue.Kernels.Select(static kernel => kernel.Name).Where(kernel => !failed.Contains(kernel))
                .Select(kernel => RowOf(kernel, rows, speeds, device)).OfType<VerifiedKernel>(),
        ];
    }

    private static VerifiedKernel? RowOf(
        string kernel, List<(StageReport Stage, CheckRow Row)> rows, Dictionary<string, double> speeds, CudaDevice device)
    {
        (StageReport Stage, CheckRow Row)[] passed =
            [.. rows.Where(entry => entry.Row.Outcome == CheckOutcome.Passed && entry.Row.Kernels.Contains(kernel))];
        if (passed.Length == 0)
        {
            return null;
        }

        KernelAttributes attributes = device.Describe(kernel);
        if (attributes.LocalBytes > 0)
        {
            return null;
        }

        // The strictest measure that the kernel was held to, and the worst it showed there.
        (StageReport stage, CheckRow worst) = passed
            .GroupBy(static entry => entry.Row.Unit)
            .Select(static group => group.MaxBy(static entry => entry.Row.Value))
            .MinBy(static entry => entry.Row.Bound);
        KernelModule module = KernelCatalogue.Modules.First(module => module.Kernels.Contains(kernel));
        bool fromSource = device.Builder.CompilerVersion > 0;
        return new VerifiedKernel
        {
            Kernel = kernel,
            Hash = device.ImageOf(kernel).Fingerprint,
            Options = fromSource ? string.Join(' ', NvrtcCompiler.OptionsFor(module, device.Properties.Architecture)) : device.ImageOf(kernel).Origin,
            Device = device.Properties.Name,
            Driver = CudaVersion.Text(device.Properties.DriverVersion),
            Compiler = fromSource ? CudaVersion.Text(device.Builder.CompilerVersion) : "ptx",
            Date = DateOnly.FromDateTime(stage.Time.UtcDateTime),
            Error = worst.Value ?? 0,
            Check = FormattableString.Invariant($"{worst.Unit}, at most {worst.Bound}, {passed.Length} checks"),
            Registers = attributes.Registers,
            LocalBytes = attributes.LocalBytes,
            TeraOperations = speeds.TryGetValue(kernel, out double speed) ? Math.Round(speed, 1) : null,
        };
    }
}
