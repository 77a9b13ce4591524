using System.Diagnostics;
using System.Text.Json;
using GpuCheck.Reporting;
using GpuCheck.Stages;
using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Serialization;

namespace GpuCheck.Running;

/// <summary>
/// Runs a stage in processes of its own: a kernel that faults takes its context, and with it the process, so the next case begins in a
/// fresh one; a kernel that hangs is killed. The report is written with every row, so that whatever ends this program finds it written.
/// </summary>
internal sealed class StageSupervisor
{
    /// <summary>Exit code of a worker whose context may be lost.</summary>
    public const int LostContext = 4;

    /// <summary>Exit code of a worker that found no device.</summary>
    public const int NoDevice = 3;

    private readonly IStage _stage;
    private readonly CheckArguments _arguments;
    private readonly TimeSpan _budget;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<CheckRow> _rows = [];
    private readonly List<KernelRecord> _kernels = [];
    private CudaDeviceProperties? _device;
    private StageReport _report;
    private (int Case, string Name) _current = (-1, "");

    public StageSupervisor(IStage stage, CheckArguments arguments)
    {
        _stage = stage;
        _arguments = arguments;
        _budget = arguments.Seconds is { } seconds && seconds < stage.Budget.TotalSeconds ? TimeSpan.FromSeconds(seconds) : stage.Budget;
        _report = new StageReport
        {
            Stage = stage.Name,
            Purpose = stage.Purpose,
            Time = TimeProvider.System.GetUtcNow(),
            Seconds = 0,
            NvrtcVersion = CudaSystem.Examine().NvrtcVersion,
            IsQuick = arguments.IsQuick,
            Rows = [],
        };
    }

    /// <summary>Runs the stage in this process: for tools that look into one.</summary>
    /// <exception cref="BackendUnavailableException">The stage needs a device and there is none.</exception>
    public StageReport RunHere(CheckContext context)
    {
        StageWorker worker = new(_stage, context, Take);
        return Close(worker.Run(0, _budget.TotalSeconds));
    }

    /// <summary>Runs the stage in workers.</summary>
    /// <exception cref="BackendUnavailableException">The stage needs a device and there is none.</exception>
    public StageReport Run()
    {
        int deaths = 0;
        while (true)
        {
            int rows = _rows.Count;
            int first = _current.Case + 1;
            (bool ended, string? fault) = RunWorker(first);
            if (ended)
            {
                return Close(true);
            }

            if (_current.Case < first)
            {
                Add(CheckRow.Broken("the stage", new InvalidOperationException($"its process did not start: {fault}")));
                return Close(false);
            }

            if (fault is not null)
            {
                Add(new CheckRow(_current.Name, CheckOutcome.Failed, null, null, "", fault));
            }

            // Only deaths without a good row in between count.
            deaths = _rows.Skip(rows).Any(static row => row.Outcome is CheckOutcome.Passed or CheckOutcome.Measured) ? 1 : deaths + 1;
            if (deaths >= _stage.Patience)
            {
                Add(CheckRow.Skip("the rest of the stage", $"given up after {deaths} cases in a row lost the device or the process"));
                return Close(false);
            }
        }
    }

    /// <summary>Whether a worker came to the end of the stage; if not, what became of it, or null when it said so itself.</summary>
    private (bool Ended, string? Fault) RunWorker(int first)
    {
        double left = Math.Max(0, (_budget - Stopwatch.GetElapsedTime(_start)).TotalSeconds);
        using Process worker = Process.Start(Command(first, left))!;
        double longest = _arguments.Limit ?? double.MaxValue;
        TimeSpan limit = TimeSpan.FromSeconds(Math.Min(120, longest));
        while (true)
        {
            Task<string?> line = worker.StandardOutput.ReadLineAsync();
            if (!line.Wait(limit))
            {
                worker.Kill(entireProcessTree: true);
                worker.WaitForExit();
                return (false, FormattableString.Invariant($"no answer for {limit.TotalSeconds:0} s; its process was killed"));
            }

            if (line.Result is null)
            {
                break;
            }

            WorkerEvent said = JsonSerializer.Deserialize(line.Result, WorkerJsonContext.Default.WorkerEvent)!;
            limit = said.Case is null ? limit : TimeSpan.FromSeconds(Math.Min(said.Limit, longest));
            Take(said);
            if (said.IsEnd)
            {
                worker.WaitForExit();
                return (true, null);
            }
        }

        worker.WaitForExit();
        return worker.ExitCode switch
        {
            LostContext => (false, null),
            NoDevice => throw new BackendUnavailableException("The stage needs a device; its process says why there is none."),
            int code => (false, $"its process ended with code {code}"),
        };
    }

    private ProcessStartInfo Command(int first, double seconds)
    {
        string program = Environment.ProcessPath!;
        List<string> arguments = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        arguments.AddRange(
        [
            _stage.Name, "--output", _arguments.Folder, "--worker", $"{first}", "--seconds", FormattableString.Invariant($"{seconds:0.###}"),
        ]);
        if (_arguments.IsQuick)
        {
            arguments.Add("--quick");
        }

        if (_arguments.CacheFolder is { } cache)
        {
            arguments.AddRange(["--cache", cache]);
        }

        return new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
    }

    private void Take(WorkerEvent said)
    {
        _current = said.Case is { } number ? (number, said.Name!) : _current;
        _device = said.Device ?? _device;
        if (said.Kernel is { } kernel)
        {
            _kernels.RemoveAll(known => known.Name == kernel.Name);
            _kernels.Add(kernel);
        }

        if (said.Row is { } row)
        {
            Add(row);
        }
    }

    private void Add(CheckRow row)
    {
        _rows.Add(row);
        string value = row.Value is { } number ? FormattableString.Invariant($" {number:g4} {row.Unit}") : "";
        string reason = row.Outcome is CheckOutcome.Failed or CheckOutcome.Skipped ? $" ({row.Detail.ReplaceLineEndings(" ")})" : "";
        Console.Error.WriteLine(FormattableString.Invariant(
            $"[{Stopwatch.GetElapsedTime(_start).TotalSeconds,6:0.0} s] {_stage.Name}: {row.Name}: {row.Outcome}{value}{reason}"));
        Write();
    }

    private StageReport Close(bool isComplete)
    {
        _report = _report with { IsComplete = isComplete };
        Write();
        return _report;
    }

    private void Write()
    {
        _report = _report with
        {
            Seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds,
            Device = _device,
            Rows = [.. _rows],
            Kernels = [.. _kernels],
        };
        AtomicFile.Write(
            Path.Combine(_arguments.Folder, $"{_stage.Name}.json"),
            stream => JsonSerializer.Serialize(stream, _report, ReportJsonContext.Default.StageReport));
        AtomicFile.Write(
            Path.Combine(_arguments.Folder, $"{_stage.Name}.md"),
            stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(MarkdownReport.Of(_report))));
    }
}
