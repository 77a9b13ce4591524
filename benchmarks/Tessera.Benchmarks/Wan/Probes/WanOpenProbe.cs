using System.CommandLine;
using System.Diagnostics;
using Tessera.Benchmarks.Probes;
using Tessera.Cli.Terminal;
using Tessera.Neural.Checkpoints;
using Tessera.Wan.Checkpoints;

namespace Tessera.Benchmarks.Wan.Probes;

/// <summary>Opens the transformer of a checkpoint: finds its files, reads their headers, checks names and shapes.</summary>
internal sealed class WanOpenProbe(CommandConsole console) : WanProbe<WanOpenProbe.Opened>(ProbeName, console)
{
    public const string ProbeName = "wan-open";

    protected override Opened Measure(ParseResult parsed, string checkpoint, int threads)
    {
        long before = ProcessMemory.PeakWorkingSet();
        long start = Stopwatch.GetTimestamp();
        (Checkpoint weights, WanTransformerConfig _) = WanCheckpoint.Find(checkpoint).OpenTransformer();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        using (weights)
        {
            return new Opened(
                seconds, ProcessMemory.PeakWorkingSet() - before, weights.ParameterCount, weights.Names.Count,
                weights.Names.Sum(name => weights.Describe(name).ByteLength));
        }
    }

    /// <summary>What opening took.</summary>
    /// <param name="Seconds">Wall time in a fresh process, compilation by the runtime included.</param>
    /// <param name="ResidentBytes">Growth of the largest resident set.</param>
    /// <param name="Parameters">Parameters of the model.</param>
    /// <param name="Tensors">Tensors of the model.</param>
    /// <param name="Bytes">Bytes of the weights.</param>
    internal sealed record Opened(double Seconds, long ResidentBytes, long Parameters, int Tensors, long Bytes);
}
