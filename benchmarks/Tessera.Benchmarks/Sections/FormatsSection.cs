using System.Text;
using Tessera.Attention;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Cli.Benchmarking;
using Tessera.Cli.Inputs;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Media.Drawing;
using Tessera.Quantization;
using Tessera.Serialization;
using Tessera.Synthesis;

namespace Tessera.Benchmarks.Sections;

/// <summary>
/// Error per nanosecond: every recipe's dense time per score against its error on structured heads and on normal random inputs, with the
/// frontier of those that no other beats in both.
/// </summary>
internal sealed class FormatsSection : IBenchSection
{
    private const int RowsPerHead = 16;
    private const ulong Seed = 42;

    /// <summary>4,096 tokens.</summary>
    private static readonly TokenGrid Grid = new(8, 16, 32);

    /// <summary>One head of each kind.</summary>
    private static readonly int Kinds = Enum.GetValues<HeadKind>().Length;

    public string Name => "formats";

    public string Description => "time and error of every recipe and its neighbours, with a plot";

    public SectionReport Run(BenchContext context)
    {
        CpuRequest request = context.Request;
        List<string> notes =
        [
            $"Time: {request.Heads} heads of {request.Length} normal random tokens, dense, medians of {request.Repeat} interleaved runs.",
            $"Error: against double precision at {RowsPerHead} rows of each head; structured: {Kinds} heads, one of each kind, over "
                + $"{Grid}; random: standard normal Q, K and V, where outputs are near zero and relative errors are large.",
        ];
        List<FormatRow> rows = [];
        foreach (int headDim in request.HeadDims)
        {
            FormatRow[] measured = FormatRow.MarkFrontier(Measure(context, headDim, notes));
            notes.Add($"Plot for D = {headDim}: {Plot(request.PlotFolder, headDim, measured)}");
            rows.AddRange(measured);
        }

        return new SectionReport
        {
            Title = "Formats: error per nanosecond",
            Notes = notes,
            Tables =
            [
                .. rows.GroupBy(static row => row.HeadDim).Select(static group => new ReportTable<FormatRow>(
                    $"headDim{group.Key}", $"D = {group.Key}, from fast to slow; * marks the frontier on structured heads", [.. group],
                    ("recipe", static row => $"{row.Recipe}{(row.IsOnFrontier ? " *" : "")}"),
                    ("Q K P V", static row => row.Operands),
                    ("ns per score", static row => $"{row.NanosecondsPerScore:0.000}"),
                    ("structured: rel. L1", static row => $"{row.Structured.RelativeL1:0.0e0}"),
                    ("RMSE", static row => $"{row.Structured.RootMeanSquare:0.0e0}"),
                    ("cosine", static row => $"{row.Structured.Cosine:0.000000}"),
                    ("random: rel. L1", static row => $"{row.Normal.RelativeL1:0.0e0}"),
                    ("RMSE", static row => $"{row.Normal.RootMeanSquare:0.0e0}"),
                    ("cosine", static row => $"{row.Normal.Cosine:0.00000}"))),
            ],
        };
    }

    private static FormatRow[] Measure(BenchContext context, int headDim, List<string> notes)
    {
        CpuRequest request = context.Request;
        AttentionShape shape = context.ShapeOf(headDim);
        StructuredHeads heads = StructuredHeads.Create(Grid, Kinds, headDim, Seed);
        HeadTensors structured = new("structured heads", heads.Shape, 4, heads.Query, heads.Key, heads.Value);
        using Contest contest = new(NormalTensors.Draw(shape));
        List<QuantizationRecipe> recipes = [];
        foreach (QuantizationRecipe recipe in FormatVariants.All)
        {
            AttentionPlan plan = AttentionPlan.Dense(shape) with { Name = recipe.Name, Recipe = recipe };
            if (context.Backend.Supports(plan) is { IsSupported: false } refusal)
            {
                notes.Add($"{recipe} is left out: {refusal.Reason}.");
                continue;
            }

            recipes.Add(recipe);
            contest.Add(recipe.Name, plan, context.Backend);
        }

        context.Report($"D={headDim}: {2 * RowsPerHead} exact rows a head");
        ExactRows structuredRows = new(structured, RowsPerHead, context.CancellationToken);
        ExactRows normalRows = new(contest.Tensors, RowsPerHead, context.CancellationToken);
        context.Report($"D={headDim}: errors of {recipes.Count} recipes");
        AttentionError[] structuredErrors = [.. recipes.Select(recipe => Error(context, structured, recipe, structuredRows))];
        AttentionError[] normalErrors = [.. recipes.Select(recipe => Error(context, contest.Tensors, recipe, normalRows))];
        context.Report($"{shape}: {recipes.Count} recipes, {request.Repeat} rounds");
        RunTimes[] times = contest.Time(request.Repeat, context.CancellationToken);
        double scores = (double)shape.Heads * shape.QueryLength * shape.KeyLength;
        return
        [
            .. recipes.Select((recipe, i) => new FormatRow(
                recipe.Name, Operands(recipe), headDim, times[i], times[i].Median / scores * 1e9, structuredErrors[i], normalErrors[i])),
        ];
    }

    private static AttentionError Error(BenchContext context, HeadTensors tensors, QuantizationRecipe recipe, ExactRows rows)
    {
        context.CancellationToken.ThrowIfCancellationRequested();
        float[] output = new float[tensors.Query.Length];
        using IAttentionKernel kernel = context.Backend.Compile(AttentionPlan.Dense(tensors.Shape) with { Recipe = recipe });
        _ = kernel.Run(tensors.Inputs, tensors.Like(output));
        return rows.Compare(output);
    }

    private static string Operands(QuantizationRecipe recipe) =>
        $"{Short(recipe.Query.Format)} {Short(recipe.Key.Format)} {Short(recipe.Probability.Format)} {Short(recipe.Value.Format)}";

    private static string Short(NumberFormat format) => format switch
    {
        NumberFormat.Float32 => "f32",
        NumberFormat.Float16 => "f16",
        NumberFormat.BFloat16 => "bf16",
        NumberFormat.Float8E4M3 => "e4m3",
        NumberFormat.Float8E5M2 => "e5m2",
        NumberFormat.Int8 or NumberFormat.Int7 or NumberFormat.Int4 => $"s{format.Bits()}",
        _ => $"u{format.Bits()}",
    };

    /// <summary>
    /// Draws known recipes and the frontier: time to the right, error upwards, so that better is lower left. Exact recipes would stretch
    /// the error axis over four more decades and are in the table only.
    /// </summary>
    private static string Plot(string folder, int headDim, IReadOnlyList<FormatRow> rows)
    {
        ScatterChart chart = new()
        {
            Description = $"Time per score and relative L1 error of number formats, head dimension {headDim}",
            HorizontalTitle = "ns per score, dense",
            VerticalTitle = $"relative L1 error on structured heads, D = {headDim}; blue: no other is faster and nearer",
            IsLogarithmic = true,
            Points =
            [
                .. rows.Where(static row => (row.IsKnown || row.IsOnFrontier) && row.Structured.RelativeL1 > 1e-5)
                    .Select(static row => new ScatterPoint(
                        row.Recipe, row.NanosecondsPerScore, row.Structured.RelativeL1, row.IsOnFrontier ? 0 : 1)),
            ],
        };
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"formats-{headDim}.svg");
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(chart.ToSvg())));
        return path;
    }
}
