using System.Diagnostics;
using System.Text.Json;
using GpuCheck.Reporting;
using GpuCheck.Stages;
using Tessera.Attention;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Verification;
using Tessera.Serialization;

namespace GpuCheck;

/// <summary>
/// Checks the CUDA backend on a GPU. Exit codes: 0 all checks passed, 1 usage, 2 a check failed, 3 no device.
/// </summary>
internal static class Program
{
    private const string Verify = "verify";

    private static readonly IStage[] Stages =
        [new ProbeStage(), new QuantizeStage(), new AttentionStage(), new RowsStage(), new SanitizeStage(), new TimingStage()];

    public static int Main(string[] arguments)
    {
        string[] known = [.. Stages.Select(static stage => stage.Name), Verify];
        if (CheckArguments.Parse(arguments, known, out string? fault) is not { } request)
        {
            Console.Error.WriteLine($"{fault}\n{CheckArguments.Usage}");
            return 1;
        }

        Directory.CreateDirectory(request.Folder);
        using CheckContext context = new(request.IsQuick, request.Folder, request.CacheFolder);
        int skipped = 0;
        bool failed = false;
        try
        {
            foreach (string name in request.Stages)
            {
                if (name == Verify)
                {
                    WriteVerification(context);
                    continue;
                }

                StageReport report = Run(Stages.First(stage => stage.Name == name), context);
                skipped += report.Rows.Count(static row => row.Outcome == CheckOutcome.Skipped);
                failed |= report.HasFailed;
                AtomicFile.Write(
                    Path.Combine(request.Folder, $"{name}.json"),
                    stream => JsonSerializer.Serialize(stream, report, ReportJsonContext.Default.StageReport));
                string text = MarkdownReport.Of(report);
                File.WriteAllText(Path.Combine(request.Folder, $"{name}.md"), text);
                Console.Write(text);
            }
        }
        catch (Exception absence) when (absence is BackendUnavailableException or InvalidOperationException)
        {
            Console.Error.WriteLine(absence.Message);
            return 3;
        }

        Console.WriteLine($"{(failed ? "FAILED" : "passed")}, {skipped} checks skipped");
        return failed ? 2 : 0;
    }

    private static StageReport Run(IStage stage, CheckContext context)
    {
        long start = Stopwatch.GetTimestamp();
        DateTimeOffset time = TimeProvider.System.GetUtcNow();
        List<CheckRow> rows = [];
        try
        {
            foreach (CheckRow row in stage.Run(context))
            {
                rows.Add(row);
                Console.Error.WriteLine($"{stage.Name}: {row.Name}: {row.Outcome} {row.Value:g4} {row.Unit}");
            }
        }
        catch (Exception fault) when (fault is CudaException or KernelCompilationException)
        {
            // A lost context cannot go on; what was found until then is kept.
            rows.Add(CheckRow.Broken("the stage broke off", fault));
        }

        return new StageReport
        {
            Stage = stage.Name,
            Purpose = stage.Purpose,
            Time = time,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            Device = context.OpenedDevice?.Properties,
            NvrtcVersion = CudaSystem.Examine().NvrtcVersion,
            IsQuick = context.IsQuick,
            Rows = rows,
        };
    }

    /// <summary>Writes <c>verified.json</c> beside the reports: today's manifest with what these reports verify.</summary>
    private static void WriteVerification(CheckContext context)
    {
        IReadOnlyList<VerifiedKernel> rows = VerificationRows.Of(context.Folder, context.Device);
        string path = Path.Combine(context.Folder, "verified.json");
        File.WriteAllText(path, VerificationManifest.Shared.With(rows).ToJson());
        Console.WriteLine($"{path}: {rows.Count} kernels verified; copy it to gpu/verified.json");
    }
}
