using Tessera.Attention;
using Tessera.Cli.Inputs;
using Tessera.Cli.Running;
using Tessera.Media.Reports;

namespace Tessera.Cli.Comparing;

/// <summary>Gathers what the HTML report shows.</summary>
internal static class ReportPage
{
    // Maps of more heads than this make the page long and say nothing new.
    private const int MostMaps = 6;

    /// <summary>The data of a report over compared methods.</summary>
    /// <param name="title">Headline.</param>
    /// <param name="input">What was attended.</param>
    /// <param name="session">Its session, with the dense reference.</param>
    /// <param name="compared">The methods.</param>
    /// <param name="threads">Threads of the cpu backend.</param>
    /// <param name="command">The command that makes this report again.</param>
    /// <param name="cancellationToken">Polled while sampling maps.</param>
    public static CompareReportData Gather(
        string title, LoadedInput input, AttentionSession session, IReadOnlyList<ComparedMethod> compared, int threads, string command,
        CancellationToken cancellationToken) => new()
        {
            Title = title,
            Input = $"{input.Tensors.Source}, grid {input.Grid}",
            Shape = input.Tensors.Shape,
            Grid = input.Grid,
            Environment =
            [
                new("Tessera", Doctor.Version),
                new("Processor", ProcessorInformation.Model),
                new("Threads", $"{threads}"),
            ],
            Command = command,
            MeasuredAt = DateTimeOffset.UtcNow,
            Methods = [Baseline(session.Dense), .. compared.Where(static one => !one.IsBaseline).Select(Result)],
            HeadNames = input.HeadNames,
            Maps = Maps(input, compared, cancellationToken),
            Clips = input.Clip is { } clip ? Clips(clip, session, compared) : null,
        };

    private static MethodResult Baseline(DenseReference dense) => new()
    {
        Name = "dense float32",
        Title = "Dense attention",
        Settings = "every block, unquantised",
        Recipe = "none",
        IsBaseline = true,
        Density = 1,
        KeptMass = 1,
        Stages = dense.Statistics.Stages,
        Total = dense.Wall,
    };

    private static MethodResult Result(ComparedMethod one)
    {
        PlanFidelity? fidelity = one.Measured.Fidelity;
        return new MethodResult
        {
            Name = one.Name,
            Title = one.Title,
            Settings = one.Settings,
            Recipe = one.Measured.Plan.Recipe.Name,
            Density = one.Measured.Plan.Mask.Density,
            KeptMass = fidelity?.KeptMass,
            Error = fidelity?.Error,
            Stages = one.Measured.Stages,
            Total = one.Measured.PerCall,
            HeadDensity = one.Row.Plan.HeadDensities,
            HeadKeptMass = one.Row.HeadKeptMass,
            HeadOrders = one.Row.Plan.Orders,
        };
    }

    // The map of each head under the sparse method that reorders most heads: that is what reordering is for.
    private static HeadMapPair[] Maps(LoadedInput input, IReadOnlyList<ComparedMethod> compared, CancellationToken cancellationToken)
    {
        ComparedMethod? shown = compared.Where(static one => one.Measured.Plan.Mask.Density < 1)
            .MaxBy(static one => one.Measured.Plan.Orders.Select(static order => order.Name).Distinct().Count());
        if (shown is null)
        {
            return [];
        }

        AttentionPlan plan = shown.Measured.Plan;
        HeadMapPair[] maps = new HeadMapPair[Math.Min(MostMaps, input.Tensors.Shape.Heads)];
        for (int head = 0; head < maps.Length; head++)
        {
            HeadTensors tensors = input.Tensors.Head(0, head);
            SampledMap after = MapSampler.Sample(
                tensors.Query, tensors.Key, tensors.Shape.HeadDim, plan.OrderOf(head), scale: plan.EffectiveScale,
                cancellationToken: cancellationToken);
            maps[head] = new HeadMapPair
            {
                Head = head,
                Name = head < input.HeadNames.Count ? input.HeadNames[head] : "",
                Method = shown.Name,
                Before = MapSampler.Sample(
                    tensors.Query, tensors.Key, tensors.Shape.HeadDim, scale: plan.EffectiveScale, cancellationToken: cancellationToken),
                After = after,
                Kept = MapSampler.SampleMask(after, plan.Mask, head),
                Density = plan.Mask.HeadDensity(head),
                KeptMass = shown.Measured.Fidelity?.HeadKeptMass[head],
            };
        }

        return maps;
    }

    private static ClipComparison Clips(ClipSource clip, AttentionSession session, IReadOnlyList<ComparedMethod> compared) => new()
    {
        Source = clip.Frames,
        Dense = clip.Heads.Reconstruct(session.Dense.Output),
        Methods =
        [
            .. compared.Where(static one => !one.IsBaseline).Select(
                one => new MethodClip(one.Name, clip.Heads.Reconstruct(one.Measured.Output)))
        ],
    };
}
