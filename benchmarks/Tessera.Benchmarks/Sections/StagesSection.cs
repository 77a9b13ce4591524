using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Cli.Inputs;
using Tessera.Layout;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Quantization;
using Tessera.Synthesis;

namespace Tessera.Benchmarks.Sections;

/// <summary>
/// Where a sparse call's time goes beside attention: planning of the methods that plan in every call, compiling such a plan, reordering,
/// quantising and packing. Measured over structured heads, whose token orders differ by head.
/// </summary>
internal sealed class StagesSection : IBenchSection
{
    private const double Density = 0.25;
    private const double WantedShare = 0.05;
    private const double WantedStoredShare = 0.03;
    private const string Paro = "paro";
    private const ulong Seed = 42;

    /// <summary>9,216 tokens; tiles of 6 x 8 x 8 divide it.</summary>
    private static readonly TokenGrid Grid = new(12, 24, 32);

    public string Name => "stages";

    public string Description => "time beside attention, method by method";

    public SectionReport Run(BenchContext context)
    {
        CpuRequest request = context.Request;
        StageRow[] rows = [.. request.HeadDims.SelectMany(headDim => Measure(context, headDim))];
        return new SectionReport
        {
            Title = $"Stages: {request.Heads} structured heads over {Grid} = {Grid.Tokens} tokens, density {Density}",
            Notes =
            [
                $"Medians of {request.Repeat} interleaved calls, in ms. Around is everything but attention; plans of PARO, FPS and STA are "
                    + "stored, SVG and Sparge plan and compile in every call.",
                .. rows.Where(static row => row.Orders.Length > 0).DistinctBy(static row => row.Orders)
                    .Select(static row => $"Orders of {row.Method}, D={row.HeadDim}: {row.Orders}."),
            ],
            Tables =
            [
                .. rows.GroupBy(static row => row.HeadDim).Select(static group => new ReportTable<StageRow>(
                    $"headDim{group.Key}", $"D = {group.Key}", [.. group],
                    ("method", static row => row.Method),
                    ("format", static row => row.Format),
                    ("density", static row => Figures.Share(row.Density)),
                    ("plan", static row => Figures.Milliseconds(row.Plan)),
                    ("compile", static row => Figures.Milliseconds(row.Compile)),
                    ("permute", static row => Figures.Milliseconds(row.Permute)),
                    ("quantise", static row => Figures.Milliseconds(row.Quantize)),
                    ("attend", static row => Figures.Milliseconds(row.Attend)),
                    ("whole call", static row => Figures.Milliseconds(row.Times.Median)),
                    ("around", static row => Figures.Milliseconds(row.Around)),
                    ("of dense fp32", static row => Figures.Share(row.ShareOfDense)))),
            ],
            Goals =
            [
                .. rows.Where(static row => row.Method != KnownMethods.Names[0]).Select(static row => new GoalCheck(
                    $"{row.Method} {row.Format}, D={row.HeadDim}", (row.Method == Paro ? WantedStoredShare : WantedShare) * 100,
                    row.ShareOfDense * 100, " % of dense", IsCeiling: true)),
            ],
        };
    }

    private static IEnumerable<StageRow> Measure(BenchContext context, int headDim)
    {
        CpuRequest request = context.Request;
        StructuredHeads heads = StructuredHeads.Create(Grid, request.Heads, headDim, Seed);
        QuantizationRecipe int8 = new BenchCase(KnownRecipes.Int8.Name).RecipeFor(request.Options);
        (string Method, QuantizationRecipe? Recipe)[] calls =
        [
            ("dense", KnownRecipes.Float32), ("dense", int8), (Paro, int8), ("fps", null), ("sta", int8), ("svg", int8), ("sparge", int8),
        ];
        using Contest contest = new(HeadTensorsOf(heads));
        foreach ((string method, QuantizationRecipe? recipe) in calls)
        {
            context.Report($"[{request.Heads} x {Grid.Tokens} x {headDim}] planning {method}");
            PlanningContext planning = new(Grid) { Recipe = recipe };
            contest.Add(new MethodContestant(
                method, PlanSource(context, method, planning, contest.Tensors), context.Backend, contest.Tensors, contest.Output));
        }

        context.Report($"[{request.Heads} x {Grid.Tokens} x {headDim}] {calls.Length} methods, {request.Repeat} rounds");
        IReadOnlyList<Sample>[] samples = contest.Run(request.Repeat, context.CancellationToken);
        double dense = RunTimes.Of(samples[0]).Median;
        return [.. contest.Contestants.Cast<MethodContestant>().Zip(samples, (one, runs) => StageRow.Of(one, runs, dense))];
    }

    /// <summary>Asks an online method in every call, and any other once.</summary>
    private static Func<HeadTensors, AttentionPlan> PlanSource(
        BenchContext context, string name, PlanningContext planning, HeadTensors tensors)
    {
        CpuMapReader reader = new(context.Request.Options);
        IAttentionMethod method = KnownMethods.Create(name, Density, reader);
        if (method is ParoMethod paro)
        {
            method = new ParoMethod(reader, paro.Options, paro.Calibrate(tensors.Inputs, planning, context.CancellationToken).Schedule);
        }
        else if (!method.IsOnline)
        {
            AttentionPlan stored = method.Plan(tensors.Inputs, planning, context.CancellationToken);
            return _ => stored;
        }

        return inputs => method.Plan(inputs.Inputs, planning, context.CancellationToken);
    }

    private static HeadTensors HeadTensorsOf(StructuredHeads heads) =>
        new($"structured heads, seed {Seed}", heads.Shape, 4, heads.Query, heads.Key, heads.Value);
}
