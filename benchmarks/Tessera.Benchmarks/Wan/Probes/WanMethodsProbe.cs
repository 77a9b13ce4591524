using System.CommandLine;
using Tessera.Attention;
using Tessera.Benchmarks.Timing;
using Tessera.Cli.Options;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Layout;
using Tessera.Neural.Checkpoints;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;

namespace Tessera.Benchmarks.Wan.Probes;

/// <summary>
/// Denoising steps under every attention method, in turns, and once more with dense attention beside for the deviation of each layer.
/// </summary>
internal sealed class WanMethodsProbe : WanProbe<WanMethodsProbe.Method[]>
{
    public const string ProbeName = "wan-methods";

    private const double Density = 0.25;

    /// <summary>Method, density and number formats; null leaves them to the method.</summary>
    private static readonly (string Name, double? Density, string? Format)[] Variants =
    [
        ("dense", null, null), ("dense", null, "int8"), ("sage", null, null), ("paro", Density, null), ("paro", Density, "int8"),
        ("fps", Density, null), ("sta", Density, null), ("sta", Density, "int8"), ("svg", Density, null), ("sparge", Density, null),
        ("sparge", Density, "int8"),
    ];

    private readonly Option<TokenGrid[]> _grid = GridListOption.Create("--grid", "Grid of tokens.", "21x20x20");
    private readonly Option<int> _repeat = CountOption.Create("--repeat", "Rounds.", 3, 1);

    public WanMethodsProbe(CommandConsole console)
        : base(ProbeName, console)
    {
        Options.Add(_grid);
        Options.Add(_repeat);
    }

    protected override Method[] Measure(ParseResult parsed, string checkpoint, int threads)
    {
        (Checkpoint weights, WanTransformerConfig config) = WanCheckpoint.Find(checkpoint).OpenTransformer();
        using (weights)
        {
            using WanTransformer transformer = new(weights, config, new WanTransformerOptions { Threads = threads });
            using ForwardRun run = new(transformer, parsed.GetValue(_grid)![0], threads);
            SelfAttentionSession[] sessions = [.. Variants.Select(variant => run.Create(RequestOf(variant)))];
            TimeSpan[] calibration = [.. sessions.Select(session => Prepare(run, session))];
            List<double>[] seconds = [.. sessions.Select(static _ => new List<double>())];
            for (int round = 0; round < parsed.GetValue(_repeat); round++)
            {
                for (int i = 0; i < sessions.Length; i++)
                {
                    seconds[i].Add(run.Step(sessions[i]).Seconds);
                }
            }

            Method[] methods =
            [
                .. sessions.Select((session, i) => Method.Of(
                    Variants[i], session, RunTimes.MedianOf(seconds[i]), calibration[i], Deviations(run, Variants[i]))),
            ];
            Array.ForEach(sessions, static session => session.Dispose());
            return methods;
        }
    }

    /// <summary>The dense step in which PARO calibrates; compiles the others' code.</summary>
    private static TimeSpan Prepare(ForwardRun run, SelfAttentionSession session)
    {
        TimeSpan planning = TimeSpan.Zero;
        if (session.CalibrationStep is not null)
        {
            _ = run.Forward(session, step: 0);
            planning = session.Meter.Total.Plan;
        }

        _ = run.Step(session);
        session.Meter.Reset();
        return planning;
    }

    private static Layer[] Deviations(ForwardRun run, (string Name, double? Density, string? Format) variant)
    {
        using SelfAttentionSession session = run.Create(RequestOf(variant) with { ComparesDense = true });
        _ = session.CalibrationStep is null ? default : run.Forward(session, step: 0);
        _ = run.Step(session);
        return [.. session.Deviations!.Layers.Select(Layer.Of)];
    }

    private static SelfAttentionOptions RequestOf((string Name, double? Density, string? Format) variant) => new()
    {
        Method = variant.Name,
        Density = variant.Density,
        Recipe = variant.Format is { } format ? RecipeNames.Resolve(format) : null,
        WarmUp = variant.Name == "paro" ? new DensePolicy(1, 0) : DensePolicy.None,
    };

    /// <summary>One method.</summary>
    /// <param name="Name">Method.</param>
    /// <param name="Format">Number formats of its plan; the asked ones for methods that plan in each call.</param>
    /// <param name="Density">Share of blocks computed.</param>
    /// <param name="Seconds">Median step.</param>
    /// <param name="Calibration">Seconds of calibration within the generation, once.</param>
    /// <param name="Plan">Planning in a step.</param>
    /// <param name="Compile">Compiling in a step.</param>
    /// <param name="Pack">Packing in a step.</param>
    /// <param name="Attend">Scores, softmax and values in a step.</param>
    /// <param name="Layers">Deviations.</param>
    internal sealed record Method(
        string Name, string Format, double Density, double Seconds, double Calibration, double Plan, double Compile, double Pack,
        double Attend, Layer[] Layers)
    {
        public static Method Of(
            (string Name, double? Density, string? Format) variant, SelfAttentionSession session, double seconds, TimeSpan calibration,
            Layer[] layers)
        {
            SelfAttentionTimes times = session.Meter.Total;
            double steps = times.Calls / (2.0 * layers.Length);
            string format = session.Schedule is { } schedule
                ? schedule.Plans[schedule.Table[^1]].Recipe.Name
                : RecipeNames.Resolve(variant.Format ?? "none").Name;
            return new Method(
                variant.Name, format, times.Density, seconds, calibration.TotalSeconds, times.Plan.TotalSeconds / steps,
                times.Compile.TotalSeconds / steps, times.Quantize.TotalSeconds / steps, times.Attend.TotalSeconds / steps, layers);
        }
    }

    /// <summary>Deviation of one layer from dense attention of the same inputs.</summary>
    internal sealed record Layer(int Index, double Cosine, double RelativeL1, double Nmse, double WorstHeadNmse)
    {
        public static Layer Of(LayerDeviation layer) => new(
            layer.Layer, layer.Error.Cosine, layer.Error.RelativeL1, layer.Error.NormalizedMeanSquare,
            layer.WorstHeadError.NormalizedMeanSquare);
    }
}
