using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Sections;
using Tessera.Cli.Terminal;

namespace Tessera.Benchmarks.Driver;

/// <summary>Runs sections about the CPU backend; see <see cref="SectionRun"/>.</summary>
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
        using BenchContext context = new(request, console.ErrorWriter, cancellationToken);
        SectionRun run = new(request.Options, console, jsonPath) { MarkdownPath = MarkdownPath };
        int exitCode = run.Run(request.Sections, context);
        if (run.Reports.TryGetValue(PeersSection.SectionName, out SectionReport? peers))
        {
            Readme?.Write(peers, run.Environment, request);
        }

        return exitCode;
    }
}
