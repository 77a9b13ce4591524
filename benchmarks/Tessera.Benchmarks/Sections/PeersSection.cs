using Tessera.Attention;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Peers;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Cli.Benchmarking;

namespace Tessera.Benchmarks.Sections;

/// <summary>
/// Our backend against other engines on one shape. GFLOP/s are dense-equivalent: 4 B H Lq Lk D / seconds, whatever was skipped. Ratios by
/// processor time stay right when other work takes a core.
/// </summary>
internal sealed class PeersSection : IBenchSection
{
    public const string SectionName = "peers";

    /// <summary>Below this length packing and starting threads count for more than attention, and the goals say nothing.</summary>
    private const int LeastTokensForGoals = 4096;

    /// <summary>Ratios to ONNX Runtime that this version wants to reach, by head dimension and case.</summary>
    private static readonly Dictionary<(int HeadDim, string Case), double> Goals = new()
    {
        [(128, "fp32")] = 1.20,
        [(64, "fp32")] = 1.08,
        [(128, "int8")] = 2.0,
        [(64, "int8")] = 1.65,
        [(128, "k4v4")] = 2.75,
        [(64, "k4v4")] = 2.1,
        [(128, "int8@0.25")] = 7.5,
        [(64, "int8@0.25")] = 6,
        [(128, "k4v4@0.2")] = 13,
    };

    public string Name => SectionName;

    public string Description => "against ONNX Runtime and PyTorch, interleaved";

    public SectionReport Run(BenchContext context)
    {
        List<string> notes = [.. context.Peers.Absences];
        notes.ForEach(context.Report);
        List<PeerRow> rows = [];
        foreach (int headDim in context.Request.HeadDims)
        {
            rows.AddRange(Compare(context, context.ShapeOf(headDim), notes));
        }

        context.Peers.StopServers();
        CpuRequest request = context.Request;
        return new SectionReport
        {
            Title = $"Against other engines: {request.Heads} heads of {request.Length} tokens, {request.Options.EffectiveThreads} threads",
            Notes = [$"Medians of {request.Repeat} interleaved runs.", .. notes],
            Tables =
            [
                .. rows.GroupBy(static row => row.HeadDim)
                    .Select(static group => Table($"headDim{group.Key}", $"D = {group.Key}", [.. group])),
            ],
            Goals =
            [
                .. rows.Where(static row => !double.IsNaN(row.Ratio) && Goals.ContainsKey((row.HeadDim, row.Case)))
                    .Where(_ => request.Length >= LeastTokensForGoals)
                    .Select(static row => new GoalCheck($"{row.Case}, D={row.HeadDim}", Goals[(row.HeadDim, row.Case)], row.Ratio, "x")),
            ],
        };
    }

    private static IEnumerable<PeerRow> Compare(BenchContext context, AttentionShape shape, List<string> notes)
    {
        CpuRequest request = context.Request;
        using Contest contest = new(NormalTensors.Draw(shape));
        foreach (PeerContestant peer in Peers(context, shape, notes))
        {
            contest.Add(peer);
        }

        foreach (BenchCase one in request.Cases)
        {
            contest.Add(one.ToString(), one.Plan(shape, request.Options), context.Backend);
        }

        context.Report($"{shape}: {contest.Contestants.Count} contestants, {request.Repeat} rounds");
        RunTimes[] times = contest.Time(request.Repeat, context.CancellationToken);
        RunTimes? yardstick = null;
        for (int i = 0; i < times.Length; i++)
        {
            yardstick ??= contest.Contestants[i] is PeerContestant { IsYardstick: true } ? times[i] : null;
        }

        return [.. contest.Contestants.Zip(times, (one, time) => PeerRow.Of(one, shape, time, yardstick))];
    }

    /// <summary>The peers that can compute the shape: one that fails on it is left out, with its own words.</summary>
    private static IEnumerable<PeerContestant> Peers(BenchContext context, AttentionShape shape, List<string> notes)
    {
        foreach (string operation in context.Request.PeerOperations)
        {
            if (context.Peers.Contestant(operation, shape) is not { } peer)
            {
                continue;
            }

            string? fault = null;
            try
            {
                _ = peer.Run();
            }
            catch (InvalidOperationException exception)
            {
                fault = $"{peer.Name} is left out for {shape}: {exception.Message}";
                context.Report(fault);
                notes.Add(fault);
            }

            if (fault is null)
            {
                yield return peer;
            }
        }
    }

    /// <summary>The comparison as a table.</summary>
    public static ReportTable<PeerRow> Table(string name, string caption, IReadOnlyList<PeerRow> rows) => new(
        name, caption, rows,
        ("engine", static row => row.Name),
        ("density", static row => Figures.Share(row.Density)),
        ("ms", static row => Figures.Milliseconds(row.Times.Median)),
        ("min .. max", static row => $"{Figures.Milliseconds(row.Times.Minimum)} .. {Figures.Milliseconds(row.Times.Maximum)}"),
        ("CPU ms", static row => Figures.Milliseconds(row.Times.Processor)),
        ("GFLOP/s", static row => $"{row.EffectiveGflops:0}"),
        ("vs ONNX Runtime", static row => Figures.Factor(row.Ratio)),
        ("by CPU time", static row => Figures.Factor(row.ProcessorRatio)));
}
