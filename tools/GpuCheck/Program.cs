using System.Text.Json;
using GpuCheck.Reporting;
using GpuCheck.Running;
using GpuCheck.Stages;
using Tessera.Attention;
using Tessera.Cuda.Verification;

namespace GpuCheck;

/// <summary>
/// Checks the CUDA backend on a GPU. Exit codes: 0 all checks passed, 1 usage, 2 a check failed, 3 no device.
/// </summary>
internal static class Program
{
    private const string Verify = "verify";

    /// <summary>Every stage.</summary>
    internal static IStage[] Stages { get; } =
    [
        new ProbeStage(), new InstructionStage(), new CeilingStage(), new QuantizeStage(), new AttentionStage(), new RowsStage(), new SanitizeStage(),
        new TimingStage(), new TuneStage(),
    ];

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
        try
        {
            return request.WorkerFrom is { } first ? Work(request, context, first) : Supervise(request, context);
        }
        catch (Exception absence) when (absence is BackendUnavailableException or InvalidOperationException)
        {
            Console.Error.WriteLine(absence.Message);
            return StageSupervisor.NoDevice;
        }
    }

    private static int Supervise(CheckArguments request, CheckContext context)
    {
        int skipped = 0;
        bool failed = false;
        foreach (string name in request.Stages)
        {
            if (name == Verify)
            {
                WriteVerification(context);
                continue;
            }

            StageSupervisor supervisor = new(Of(name), request);
            StageReport report = request.IsInProcess ? supervisor.RunHere(context) : supervisor.Run();
            skipped += report.Rows.Count(static row => row.Outcome == CheckOutcome.Skipped);
            failed |= report.HasFailed;
            Console.Write(MarkdownReport.Of(report));
            if (name == InstructionStage.StageName)
            {
                WriteInstructions(context.Folder, report);
            }
        }

        Console.WriteLine($"{(failed ? "FAILED" : "passed")}, {skipped} checks skipped");
        return failed ? 2 : 0;
    }

    private static int Work(CheckArguments request, CheckContext context, int first)
    {
        // Native libraries may print to standard output; events have a stream of their own then.
        using StreamWriter events = new(Console.OpenStandardOutput()) { AutoFlush = true };
        Console.SetOut(Console.Error);
        StageWorker worker = new(
            Of(request.Stages[0]), context, said => events.WriteLine(JsonSerializer.Serialize(said, WorkerJsonContext.Default.WorkerEvent)));
        return worker.Run(first, request.Seconds ?? double.MaxValue) ? 0 : StageSupervisor.LostContext;
    }

    private static IStage Of(string name) => Stages.First(stage => stage.Name == name);

    /// <summary>Writes <c>verified.json</c> beside the reports: today's manifest with what these reports verify.</summary>
    private static void WriteVerification(CheckContext context)
    {
        IReadOnlyList<VerifiedKernel> rows = VerificationRows.Of(context.Folder);
        string path = Path.Combine(context.Folder, "verified.json");
        File.WriteAllText(path, VerificationManifest.Shared.With(rows).ToJson());
        Console.WriteLine($"{path}: {rows.Count} kernels verified; copy it to gpu/verified.json");
    }

    /// <summary>Writes the table of instructions with what this run proved; a dry run proves nothing.</summary>
    private static void WriteInstructions(string folder, StageReport report)
    {
        if (report.IsQuick || report.Device is null)
        {
            return;
        }

        string path = Path.Combine(folder, "instructions.tsv");
        InstructionTableFile table = InstructionTableFile.Embedded().With(report);
        File.WriteAllText(path, table.ToString());
        Console.WriteLine($"{path}: {table.Proved} of {table.Rows} rows proved; copy it to src/Tessera.Cuda/Kernels/instructions.tsv");
    }
}
