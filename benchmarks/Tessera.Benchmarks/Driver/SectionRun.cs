using System.Diagnostics;
using System.Text;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Reporting;
using Tessera.Cli;
using Tessera.Cli.Terminal;
using Tessera.Serialization;

namespace Tessera.Benchmarks.Driver;

/// <summary>
/// Runs sections one after the other. Each is printed and stored as soon as it is done; one that fails is recorded as failed and the others
/// go on.
/// </summary>
internal sealed class SectionRun(CpuOptions options, CommandConsole console, string jsonPath)
{
    private readonly StringBuilder _markdown = new();

    /// <summary>File for the tables, or null.</summary>
    public string? MarkdownPath { get; init; }

    /// <summary>What the sections reported, those left out that failed.</summary>
    public Dictionary<string, SectionReport> Reports { get; } = new(StringComparer.Ordinal);

    /// <summary>Where it was measured.</summary>
    public BenchEnvironment Environment { get; private set; } = null!;

    /// <summary>Runs sections.</summary>
    /// <returns>0, or the exit code of the first failure.</returns>
    public int Run<TContext>(IReadOnlyList<IBenchSection<TContext>> sections, TContext context)
    {
        console.ErrorWriter.WriteLine("measuring the processor's own peak");
        Environment = BenchEnvironment.Measure(options);
        BenchDocument document = BenchDocument.Open(jsonPath);
        Print($"{Environment}\n");
        int exitCode = ExitCode.Done;
        foreach (IBenchSection<TContext> section in sections)
        {
            console.ErrorWriter.WriteLine($"== {section.Name}: {section.Description}");
            long start = Stopwatch.GetTimestamp();
            try
            {
                SectionReport report = section.Run(context);
                TimeSpan duration = Stopwatch.GetElapsedTime(start);
                Environment = Environment.MeasureAgain(options);
                document.Store(section.Name, Environment, duration, report.ToJson());
                Print(report.ToMarkdown());
                Reports[section.Name] = report;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                CommandFailure failure = CommandFailure.Of(exception);
                exitCode = exitCode == ExitCode.Done ? failure.ExitCode : exitCode;
                console.ErrorWriter.WriteLine($"error: section {section.Name} failed: {failure.Line}");
                document.Store(section.Name, Environment, Stopwatch.GetElapsedTime(start), BenchDocument.Failure(failure.Line));
                Print($"### {section.Name}\n\nFailed: {failure.Line}\n");
            }

            document.Save();
        }

        console.ErrorWriter.WriteLine($"figures: {jsonPath}");
        return exitCode;
    }

    private void Print(string part)
    {
        _markdown.Append(part).Append('\n');
        console.OutputWriter.WriteLine(part);
        if (MarkdownPath is not null)
        {
            AtomicFile.Write(MarkdownPath, stream => stream.Write(Encoding.UTF8.GetBytes(_markdown.ToString())));
        }
    }
}
