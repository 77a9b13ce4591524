using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Commands;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;

namespace Tessera.Benchmarks.Probes;

/// <summary>This program started anew for a measurement that only a fresh process can make; it answers with one line of JSON.</summary>
internal static class ProbeProcess
{
    /// <summary>Runs one probe of attention.</summary>
    /// <param name="probe">Name of the probe's command.</param>
    /// <param name="one">Format and density.</param>
    /// <param name="shape">Shape of the call.</param>
    /// <param name="options">Threads and instruction set.</param>
    /// <param name="extra">Further arguments of the probe.</param>
    /// <exception cref="InvalidOperationException">The process failed.</exception>
    public static T Run<T>(string probe, BenchCase one, AttentionShape shape, CpuOptions options, params IEnumerable<string> extra) =>
        Run<T>(probe, [.. ProbeArguments.Write(one, shape, options), .. extra]);

    /// <summary>Runs one probe.</summary>
    /// <param name="probe">Name of the probe's command.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="InvalidOperationException">The process failed.</exception>
    public static T Run<T>(string probe, IReadOnlyList<string> arguments)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("This process does not know its own program.");
        bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        ProcessStartInfo start = new(
            program,
            [.. isHost ? (string[])[typeof(ProbeProcess).Assembly.Location] : [], BenchCommands.Probe, probe, .. arguments])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<T>(answer, BenchDocument.Format)!
            : throw new InvalidOperationException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"probe {probe} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}"));
    }
}
