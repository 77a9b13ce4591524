using System.Globalization;
using Spectre.Console;
using Tessera.Wan.Pipeline;

namespace Tessera.Cli.Output;

/// <summary>Generations and estimates for people.</summary>
internal static class GenerateTable
{
    public static void Print(IAnsiConsole output, GenerateReport report)
    {
        GenerationRecord record = report.Record;
        RequestRecord request = record.Request;
        TimingRecord times = record.Timings;
        output.MarkupLineInterpolated(
            $"[bold]{report.Output}[/]: {request.FrameCount} frames of {request.Width}x{request.Height}, {(request.Seed is { } seed
                ? $"seed {seed.ToString(CultureInfo.InvariantCulture)}"
                : "noise of a file")}; everything to repeat it in {report.RecordFile}");
        Table table = ReportTable.Create(output, "stage", ">time", ">share", "detail");
        Add(table, "text encoding", times.TextEncoding, times.Total, "");
        Add(table, "denoising", times.Denoising, times.Total,
            $"{request.StepCount} steps of {Figures.Duration(Median(times.Steps))}, {record.Sampler.Table}");
        foreach ((string name, Func<StepTiming, double> part) in Parts)
        {
            Add(table, $"  {name}", times.Steps.Sum(part), times.Total, name == "self-attention" ? Attention(record) : "");
        }

        Add(table, "decoding", times.Decoding, times.Total, request.Codec);
        output.Write(table);
        output.WriteLine(
            $"finished in {Figures.Duration(times.Total)} on {record.Machine.Threads} threads, "
                + $"{record.PeakMemoryBytes / 1e9:0.0} GB at most");
        PrintDeviations(output, record);
        foreach (string note in record.Notes)
        {
            output.WriteLine($"note: {note}");
        }
    }

    public static void Print(IAnsiConsole output, EstimateReport report)
    {
        GenerationEstimate estimate = report.Estimate;
        output.WriteLine($"{estimate}");
        Table table = ReportTable.Create(output, "stage", ">time", ">operations", ">rate", "basis", ">memory", ">mapped weights");
        foreach (StageEstimate stage in estimate.Stages)
        {
            table.AddRow(
                new Text(NameOf(stage.Stage)), new Text(Figures.Duration(stage.Seconds)), new Text(Operations(stage.Operations)),
                new Text(""), new Text(""), new Text($"{stage.MemoryBytes / 1e9:0.00} GB"), new Text($"{stage.WeightBytes / 1e9:0.00} GB"));
            foreach (EstimatePart part in stage.Parts)
            {
                table.AddRow(
                    new Text($"  {part.Name}"), new Text(Figures.Duration(part.Seconds)), new Text(Operations(part.Operations)),
                    new Text(part.Rate is { } rate ? $"{rate / 1e9:0} GFLOP/s" : ""), new Text(part.Basis), new Text(""), new Text(""));
            }
        }

        output.Write(table);
        output.WriteLine(
            $"{estimate.StepSeconds.Count} steps of {Figures.Duration(estimate.StepSeconds.Min())} to "
                + $"{Figures.Duration(estimate.StepSeconds.Max())}; left out: compiling the program, planning in each call, weights that "
                + "are not in memory yet");
    }

    private static string Operations(double operations) =>
        operations <= 0 ? "" : operations < 1e11 ? $"{operations / 1e9:0.00} GFLOP" : $"{operations / 1e12:0.00} TFLOP";

    private static (string Name, Func<StepTiming, double> Part)[] Parts { get; } =
    [
        ("linears", static step => step.Linears), ("self-attention", static step => step.SelfAttention),
        ("cross-attention", static step => step.CrossAttention), ("elementwise", static step => step.Elementwise),
        ("patches, time, checks", static step => step.Ends),
    ];

    private static string NameOf(GenerationStage stage) => stage switch
    {
        GenerationStage.TextEncoding => "text encoding",
        GenerationStage.Denoising => "denoising",
        _ => "decoding",
    };

    private static string Attention(GenerationRecord record)
    {
        StepTiming[] steps = [.. record.Timings.Steps];
        string stages = string.Join(
            ", ",
            new (string Name, double Seconds)[]
            {
                ("planning", steps.Sum(static step => step.Planning)), ("compiling", steps.Sum(static step => step.Compiling)),
                ("packing", steps.Sum(static step => step.Packing)), ("attending", steps.Sum(static step => step.Attending)),
            }
            .Where(static part => part.Seconds > 0)
            .Select(static part => $"{part.Name} {Figures.Duration(part.Seconds)}"));
        return $"{record.Attention.Method}, density {record.Attention.Density:0.000}: {stages}";
    }

    private static void PrintDeviations(IAnsiConsole output, GenerationRecord record)
    {
        if (record.Attention.Deviations is not { Layers.Count: > 0 } deviations)
        {
            return;
        }

        Table table = ReportTable.Create(output, ">layer", ">calls", ">cosine", ">relative L2", ">worst head", ">its relative L2");
        foreach (Wan.SelfAttention.LayerDeviation layer in deviations.Layers)
        {
            table.AddRow(
                new Text($"{layer.Layer}"), new Text($"{layer.Calls}"), new Text(Figures.Cosine(layer.Error.Cosine)),
                new Text(Figures.Error(layer.Error.RelativeL2)), new Text($"{layer.WorstHead}"),
                new Text(Figures.Error(layer.WorstHeadError.RelativeL2)));
        }

        output.Write(table);
        output.WriteLine("deviation of self-attention from dense attention of the same inputs");
    }

    private static void Add(Table table, string stage, double seconds, double total, string detail)
    {
        string share = Figures.Share(total > 0 ? seconds / total : null);
        table.AddRow(new Text(stage), new Text(Figures.Duration(seconds)), new Text(share), new Text(detail));
    }

    private static double Median(IReadOnlyList<StepTiming> steps) =>
        steps.Count == 0 ? 0 : steps.Select(static step => step.Seconds).Order().ElementAt(steps.Count / 2);
}
