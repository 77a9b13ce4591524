using System.CommandLine;
using System.Diagnostics;
using Tessera.Benchmarks.Probes;
using Tessera.Cli.Options;
using Tessera.Cli.Terminal;
using Tessera.Layout;
using Tessera.Neural.Checkpoints;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;

namespace Tessera.Benchmarks.Wan.Probes;

/// <summary>
/// Forward passes or whole steps of a transformer, dense and PAROAttention in turns. Dense runs first, so that its memory is measured
/// without that of the other.
/// </summary>
internal sealed class WanForwardProbe : WanProbe<WanForwardProbe.Forwards>
{
    public const string ProbeName = "wan-forward";
    private const string SmallGrid = "1x8x8";

    private readonly Option<TokenGrid[]> _grid = GridListOption.Create("--grid", "Grid of tokens.", "5x16x16");
    private readonly Option<int> _repeat = CountOption.Create("--repeat", "Rounds.", 3, 1);
    private readonly Option<string?> _plans = new("--plans") { Description = "File of PARO's plans; without it dense alone is measured." };
    private readonly Option<string?> _precision = PrecisionOption.Create();
    private readonly Option<bool> _steps = new("--steps") { Description = "Whole denoising steps with guidance." };

    public WanForwardProbe(CommandConsole console)
        : base(ProbeName, console)
    {
        Options.Add(_grid);
        Options.Add(_repeat);
        Options.Add(_plans);
        Options.Add(_steps);
        Options.Add(_precision);
    }

    protected override Forwards Measure(ParseResult parsed, string checkpoint, int threads)
    {
        (Checkpoint weights, WanTransformerConfig config) = WanCheckpoint.Find(checkpoint).OpenTransformer();
        using (weights)
        {
            WanTransformerOptions options = new() { Threads = threads, Precision = PrecisionOption.Read(parsed, _precision) };
            using WanTransformer transformer = new(weights, config, options);
            WarmUp(transformer, threads);
            using ForwardRun run = new(transformer, parsed.GetValue(_grid)![0], threads);
            using SelfAttentionSession dense = run.Dense();
            bool isStep = parsed.GetValue(_steps);
            List<Pass> densePasses = [Pass.Of(run, dense, isStep)];
            long densePeak = ProcessMemory.PeakWorkingSet();
            List<Pass> paroPasses = [];
            using SelfAttentionSession? paro = parsed.GetValue(_plans) is { } plans ? run.Paro(plans) : null;
            paro?.Meter.Reset();
            for (int round = 0; round < parsed.GetValue(_repeat); round++)
            {
                // The first dense pass counts: nothing but the size of its activations is new in it.
                if (round > 0)
                {
                    densePasses.Add(Pass.Of(run, dense, isStep));
                }

                if (paro is not null)
                {
                    paroPasses.Add(Pass.Of(run, paro, isStep));
                }
            }

            int tokens = run.Grid.Tokens;
            return new Forwards(
                tokens, weights.ParameterCount, weights.Names.Sum(name => weights.Describe(name).ByteLength),
                ForwardFlops.Nominal(config, weights.ParameterCount, tokens), ForwardFlops.Executed(config, tokens, config.TextLength),
                [.. densePasses], densePeak, [.. paroPasses], ProcessMemory.PeakWorkingSet(), paro?.Meter.Total.Density ?? 1);
        }
    }

    /// <summary>Compiles the code of all layers on few tokens.</summary>
    private static void WarmUp(WanTransformer transformer, int threads)
    {
        using ForwardRun small = new(transformer, TokenGrid.Parse(SmallGrid), threads);
        using SelfAttentionSession session = small.Dense();
        _ = small.Step(session);
    }

    /// <summary>Wall times of one pass or step in seconds.</summary>
    internal sealed record Pass(
        double Seconds, double Linears, double SelfAttention, double CrossAttention, double Elementwise, double Ends)
    {
        public static Pass Of(ForwardRun run, SelfAttentionSession session, bool isStep)
        {
            long start = Stopwatch.GetTimestamp();
            (TransformerTimes times, double seconds) = isStep ? run.Step(session) : (run.Forward(session), 0);
            seconds = isStep ? seconds : Stopwatch.GetElapsedTime(start).TotalSeconds;
            return new Pass(
                seconds, times.Linears.TotalSeconds, times.SelfAttention.TotalSeconds, times.CrossAttention.TotalSeconds,
                times.Elementwise.TotalSeconds, times.Ends.TotalSeconds);
        }
    }

    /// <summary>What was measured.</summary>
    /// <param name="Tokens">Tokens of the grid.</param>
    /// <param name="Parameters">Parameters of the transformer.</param>
    /// <param name="WeightBytes">Bytes of its weights.</param>
    /// <param name="Flops">See <see cref="ForwardFlops.Nominal"/>.</param>
    /// <param name="ExecutedFlops">See <see cref="ForwardFlops.Executed"/>.</param>
    /// <param name="Dense">Dense passes.</param>
    /// <param name="DensePeakBytes">Largest resident set after the first dense pass, pages of mapped weights included.</param>
    /// <param name="Paro">Passes of PAROAttention, in turns with the dense ones.</param>
    /// <param name="PeakBytes">Largest resident set at the end.</param>
    /// <param name="ParoDensity">Share of blocks that PAROAttention computed.</param>
    internal sealed record Forwards(
        int Tokens, long Parameters, long WeightBytes, double Flops, double ExecutedFlops, Pass[] Dense, long DensePeakBytes, Pass[] Paro,
        long PeakBytes, double ParoDensity);
}
