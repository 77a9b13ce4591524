using System.CommandLine;
using System.Diagnostics;
using Tessera.Benchmarks.Commands;
using Tessera.Benchmarks.Probes;
using Tessera.Cli.Options;
using Tessera.Cli.Terminal;
using Tessera.Neural.Checkpoints;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.TextEncoder;

namespace Tessera.Benchmarks.Wan.Probes;

/// <summary>Encodes prompts of some lengths in one pass over the weights, several times.</summary>
internal sealed class WanTextProbe : WanProbe<WanTextProbe.Encoded>
{
    public const string ProbeName = "wan-text";

    private readonly Option<int[]> _prompts = ListOption.Counts("--prompts", "Ids of each prompt.", [24], 1, 512);
    private readonly Option<int> _repeat = CountOption.Create("--repeat", "Passes.", 2, 1);

    public WanTextProbe(CommandConsole console)
        : base(ProbeName, console)
    {
        Options.Add(_prompts);
        Options.Add(_repeat);
    }

    protected override Encoded Measure(ParseResult parsed, string checkpoint, int threads)
    {
        long start = Stopwatch.GetTimestamp();
        (Checkpoint weights, Umt5Config config) = WanCheckpoint.Find(checkpoint).OpenTextEncoder();
        using (weights)
        {
            Umt5Encoder encoder = new(weights, config);
            double open = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Random random = new(1);
            int[][] prompts =
            [
                .. parsed.GetValue(_prompts)!.Select(
                    length => Enumerable.Range(0, length).Select(_ => random.Next(config.Vocabulary)).ToArray()),
            ];
            double[] seconds = new double[parsed.GetValue(_repeat)];
            for (int i = 0; i < seconds.Length; i++)
            {
                start = Stopwatch.GetTimestamp();
                _ = encoder.EncodeAll(prompts, threads);
                seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            TensorCount blocks = Count(weights);
            return new Encoded(
                open, seconds, ProcessMemory.PeakWorkingSet(), blocks.Parameters, blocks.Bytes,
                Flops(config, blocks.Parameters, prompts));
        }
    }

    /// <summary>Everything but the embedding, of which a pass reads some rows only.</summary>
    private static TensorCount Count(Checkpoint weights)
    {
        string[] names = [.. weights.Names.Where(static name => name.StartsWith("blocks.", StringComparison.Ordinal))];
        return new TensorCount(
            names.Sum(name => weights.Describe(name).ElementCount), names.Sum(name => weights.Describe(name).ByteLength));
    }

    /// <summary>Two for each multiply-add: every matrix for every row, and both products of attention.</summary>
    private static double Flops(Umt5Config config, long parameters, int[][] prompts) => prompts.Sum(
        prompt => (2.0 * parameters * prompt.Length) + (4.0 * prompt.Length * prompt.Length * config.AttentionDim * config.Layers));

    private sealed record TensorCount(long Parameters, long Bytes);

    /// <summary>What encoding took.</summary>
    /// <param name="OpenSeconds">Wall time to open the checkpoint.</param>
    /// <param name="Seconds">Wall time of each pass; the first holds compilation by the runtime.</param>
    /// <param name="PeakBytes">Largest resident set of the whole process, pages of mapped weights included.</param>
    /// <param name="Parameters">Parameters that a pass reads.</param>
    /// <param name="Bytes">Their bytes.</param>
    /// <param name="Flops">Operations of a pass.</param>
    internal sealed record Encoded(double OpenSeconds, double[] Seconds, long PeakBytes, long Parameters, long Bytes, double Flops);
}
