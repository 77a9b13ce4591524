using System.Diagnostics;
using System.Text;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Sections;
using Tessera.Cli;
using Tessera.Cli.Terminal;
using Tessera.Serialization;

namespace Tessera.Benchmarks.Driver;

/// <summary>
/// Runs sections one after the other. Each is printed and stored as soon as it is done; one that fails is recorded as failed and the others
/// go on.
/// </summary>
internal sealed class CpuBench(CpuRequest request, CommandConsole console, string jsonPath)
{
    /// <summary>File for the tables, or null.</summary>
    public string? MarkdownPath { get; init; }

    /// <summary>The README whose figures are rewritten, or null.</summary>
    public ReadmeFigures? Readme { get; init; }

    /// <summary>Runs all sections of the request.</summary>
    /// <returns>0, or the exit code of the first failure.</returns>
    public int Run(CancellationToken cancellationToken)
    {
        console.ErrorWriter.WriteLine("measuring the processor's own peak");
        BenchEnvironment environment = BenchEnvironment.Measure(request.Options);
        BenchDocument document = BenchDocument.Open(jsonPath);
        StringBuilder markdown = new();
        Print(markdown, $"{environment}\n");
        int exitCode = ExitCode.Done;
        SectionReport? peers = null;
        using BenchContext context = new(request, console.ErrorWriter, cancellationToken);
        foreach (IBenchSection section in request.Sections)
        {
            console.ErrorWriter.WriteLine($"== {section.Name}: {section.Description}");
            long start = Stopwatch.GetTimestamp();
            try
            {
                SectionReport report = section.Run(context);
                TimeSpan duration = Stopwatch.GetElapsedTime(start);
                environment = environment.MeasureAgain(request.Options);
                document.Store(section.Name, environment, duration, report.ToJson());
                Print(markdown, report.ToMarkdown());
                peers = section.Name == PeersSection.SectionName ? report : peers;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                CommandFailure failure = CommandFailure.Of(exception);
                exitCode = exitCode == ExitCode.Done ? failure.ExitCode : exitCode;
                console.ErrorWriter.WriteLine($"error: section {section.Name} failed: {failure.Line}");
                document.Store(section.Name, environment, Stopwatch.GetElapsedTime(start), BenchDocument.Failure(failure.Line));
                Print(markdown, $"### {section.Name}\n\nFailed: {failure.Line}\n");
            }

            document.Save();
        }

        console.ErrorWriter.WriteLine($"figures: {jsonPath}");
        if (peers is not null)
        {
            Readme?.Write(peers, environment, request);
        }

        return exitCode;
    }

    private void Print(StringBuilder markdown, string part)
    {
        markdown.Append(part).Append('\n');
        console.OutputWriter.WriteLine(part);
        if (MarkdownPath is not null)
        {
            AtomicFile.Write(MarkdownPath, stream => stream.Write(Encoding.UTF8.GetBytes(markdown.ToString())));
        }
    }
}
