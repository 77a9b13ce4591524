using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Peers;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Cli.Inputs;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Quantization;
using Tessera.Synthesis;

namespace Tessera.Benchmarks.Sections;

/// <summary>
/// PARO at 20 % with int8 over the tokens of a Wan2.1 video at 480p, from float32 tensors in natural order to float32 output in natural
/// order, against dense attention of ONNX Runtime at the same length.
/// </summary>
internal sealed class ParoVideoSection : IBenchSection
{
    private const int HeadDim = 128;
    private const double Density = 0.2;
    private const double WantedRatio = 9;
    private const int Rounds = 5;
    private const ulong Seed = 42;
    private static readonly TokenGrid Grid = new(21, 30, 52);

    public string Name => "paro-video";

    public string Description => "PARO at 20 % with int8 over 32,760 tokens against dense ONNX Runtime";

    public SectionReport Run(BenchContext context)
    {
        // A head that looks at one place in all frames: its natural order is the worst for blocks, so that the order is at work.
        StructuredHeads head = StructuredHeads.Create(
            Grid, 1, HeadDim, Seed, new StructuredHeadsOptions { Kinds = [HeadKind.Temporal] });
        HeadTensors tensors = new($"temporal head, seed {Seed}", head.Shape, 4, head.Query, head.Key, head.Value);
        context.Report($"{Grid} = {Grid.Tokens} tokens: calibrating PARO");
        CpuOptions options = context.Request.Options;
        CpuMapReader reader = new(options);
        ParoOptions settings = new() { Density = Density };
        PlanningContext planning = new(Grid) { Recipe = new BenchCase(KnownRecipes.Int8.Name).RecipeFor(options) };
        ParoMethod paro = new(
            reader, settings, new ParoMethod(reader, settings).Calibrate(tensors.Inputs, planning, context.CancellationToken).Schedule);

        using Contest contest = new(tensors);
        List<string> notes = [.. context.Peers.Absences];
        if (context.Peers.Contestant(PeerEngine.OnnxRuntime.Operations[0], head.Shape) is { } peer)
        {
            contest.Add(peer);
        }

        contest.Add("dense fp32", AttentionPlan.Dense(head.Shape), context.Backend);
        MethodContestant method = new(
            "PARO 20 % int8", inputs => paro.Plan(inputs.Inputs, planning, context.CancellationToken), context.Backend, tensors,
            contest.Output);
        contest.Add(method);
        int rounds = Math.Min(Rounds, context.Request.Repeat);
        context.Report($"{head.Shape}: {contest.Contestants.Count} contestants, {rounds} rounds");
        RunTimes[] times = contest.Time(rounds, context.CancellationToken);
        context.Peers.StopServers();
        RunTimes? yardstick = times.Length == 3 ? times[0] : null;
        PeerRow[] rows = [.. contest.Contestants.Zip(times, (one, time) => PeerRow.Of(one, head.Shape, time, yardstick))];
        AttentionError error = Compare(contest, method, context.Backend);
        notes.Add(
            $"PARO's order is {method.Plan.Orders[0].Name}; output against our dense float32: cosine {error.Cosine:0.00000}, "
            + $"relative L1 {error.RelativeL1:0.0e0}.");
        return new SectionReport
        {
            Title = $"PARO on a video: 1 head of {Grid.Tokens} tokens ({Grid}), D = {HeadDim}",
            Notes = [$"Medians of {rounds} interleaved runs; the plan is stored, everything else of a call is in its time.", .. notes],
            Tables = [PeersSection.Table("video", "", rows)],
            Goals = yardstick is null ? [] : [new GoalCheck("PARO 20 % int8 over dense ONNX Runtime", WantedRatio, rows[^1].Ratio, "x")],
        };
    }

    private static AttentionError Compare(Contest contest, MethodContestant method, CpuBackend backend)
    {
        using KernelContestant dense = new(
            "dense", AttentionPlan.Dense(contest.Tensors.Shape), backend, contest.Tensors, contest.Output);
        _ = dense.Run();
        float[] wanted = [.. contest.Output];
        _ = method.Run();
        return AttentionError.Compare(wanted, contest.Output);
    }
}
