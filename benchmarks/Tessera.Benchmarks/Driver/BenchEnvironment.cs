using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Tessera.Backends.Cpu;
using Tessera.Cli.Running;

namespace Tessera.Benchmarks.Driver;

/// <summary>Where and with what figures were measured.</summary>
/// <param name="Processor">Model of the processor.</param>
/// <param name="Cores">Logical processors of the machine.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="InstructionSet">Vector width in force, with the 8-bit dot product where it is used.</param>
/// <param name="PeakGflops">Multiply-add peak of those threads in GFLOP/s, the best seen before and after sections.</param>
/// <param name="Runtime">.NET version.</param>
/// <param name="OperatingSystem">Operating system.</param>
/// <param name="Date">UTC time at the start.</param>
/// <param name="Commit">Commit of the source, with a plus sign when files differ from it.</param>
internal sealed record BenchEnvironment(
    string Processor, int Cores, int Threads, string InstructionSet, double PeakGflops, string Runtime, string OperatingSystem, string Date,
    string Commit)
{
    /// <summary>Looks at the machine and measures its peak.</summary>
    public static BenchEnvironment Measure(CpuOptions options) => new(
        ProcessorInformation.Model, Environment.ProcessorCount, options.EffectiveThreads,
        Describe(options), CpuPeak.Measure(options).AllThreads,
        RuntimeInformation.FrameworkDescription, RuntimeInformation.OSDescription,
        DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), FindCommit());

    /// <summary>
    /// The same with the peak measured once more: a neighbour that takes a core for a third of a second would halve a single measurement.
    /// </summary>
    public BenchEnvironment MeasureAgain(CpuOptions options) =>
        this with { PeakGflops = Math.Max(PeakGflops, CpuPeak.Measure(options).AllThreads) };

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Processor}, {Threads} threads on {Cores} cores, {InstructionSet}, multiply-add peak {PeakGflops:0} GFLOP/s, {Runtime}, {Date}, "
        + $"commit {Commit}";

    private static string Describe(CpuOptions options)
    {
        string width = $"{options.EffectiveInstructionSet.ToString()["Vector".Length..]}-bit vectors";
        return options.EffectiveEmittedVnni ? $"{width}, VNNI" : options.EffectiveVnni ? $"{width}, VNNI of 256 bits" : width;
    }

    private static string FindCommit()
    {
        try
        {
            string commit = Git("rev-parse --short HEAD");
            return commit.Length == 0 ? "unknown" : Git("status --porcelain --untracked-files=no").Length == 0 ? commit : commit + "+";
        }
        catch (Win32Exception)
        {
            return "unknown";
        }
    }

    private static string Git(string arguments)
    {
        using Process git = Process.Start(
            new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string answer = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return answer;
    }
}
