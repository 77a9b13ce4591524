using System.CommandLine;
using Spectre.Console;
using Tessera.Attention;
using Tessera.Cli.Benchmarking;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera attention bench</c>.</summary>
internal sealed class AttentionBenchCommand : CommandWithExamples
{
    private readonly Option<int> _length = CountOption.Create("--length", "Tokens.", 4096, 1);
    private readonly Option<int> _heads = CountOption.Create("--heads", "Heads.", 4, 1, 1024);
    private readonly Option<int> _headDim = CountOption.Create("--dim", "Channels of a head.", 128, 1, AttentionShape.MaximumHeadDim);
    private readonly Option<string[]> _formats = RecipeOption.List("fp32", "int8", "k4v4");
    private readonly Option<double[]> _densities = DensityOption.List(1, 0.25);
    private readonly Option<int> _repeat = CountOption.Create("--repeat", "Timed rounds; every case runs once in each.", 7, 1, 1000);
    private readonly Option<int> _threads = CountOption.Create("--threads", "Threads; 0 uses every core.", 0, 0, 1024);
    private readonly Option<bool> _json = JsonOption.Create();

    public AttentionBenchCommand(CommandConsole console)
        : base(
            "bench",
            "Time the cpu backend on random inputs: cases interleaved, warmed up, medians, beside this machine's own multiply-add peak.",
            "tessera attention bench --length 1024 --heads 2 --dim 64 --formats fp32,int8 --densities 1,0.25 --repeat 3",
            "tessera attention bench --length 4096 --heads 4 --dim 128 --formats fp32,int8,k4v4 --densities 1,0.25 --repeat 7 --json")
    {
        Option[] options = [_length, _heads, _headDim, _formats, _densities, _repeat, _threads, _json];
        Array.ForEach(options, Options.Add);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        BenchmarkRequest request = new(
            parsed.GetValue(_length), parsed.GetValue(_heads), parsed.GetValue(_headDim), parsed.GetValue(_formats)!,
            parsed.GetValue(_densities)!, parsed.GetValue(_repeat));
        BackendCatalogue backends = new(parsed.GetValue(_threads));
        BenchmarkReport report = ProgressDisplay.Run(
            console, progress => AttentionBenchmark.Run(request, backends, progress, cancellationToken));
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(console, report, CliJsonContext.Default.BenchmarkReport);
        }
        else
        {
            Print(console.Output, report);
        }

        return ExitCode.Done;
    }

    private static void Print(IAnsiConsole output, BenchmarkReport report)
    {
        output.MarkupLineInterpolated(
            $"[bold]{report.Processor}[/], {report.Threads} threads, float32 multiply-add peak {report.PeakGflops:0} GFLOP/s");
        output.MarkupLineInterpolated(
            $"{report.Heads} heads of {report.HeadDim}, {report.Length} tokens, medians of {report
                .Repeat} interleaved rounds; dense float32 takes {Figures.Duration(report.DenseFloat32Seconds)}");
        Table table = ReportTable.Create(
            output, "format", "recipe", ">density", ">time", ">cpu time", ">GFLOP/s", ">of fp32 peak", ">dense-equivalent", ">speed-up",
            ">permute", ">quantize", ">attend");
        foreach (BenchmarkCaseReport one in report.Cases)
        {
            table.AddRow(
                new Text(one.Format), new Text(one.Recipe), new Text(Figures.Share(one.ComputedDensity)),
                new Text(Figures.Duration(one.MedianSeconds)),
                new Text(Figures.Duration(one.CpuSeconds)), new Text($"{one.Gflops:0.0}"),
                new Text(Figures.Share(one.Gflops / report.PeakGflops)),
                new Text($"{one.EffectiveGflops:0.0}"), new Text(Figures.Factor(one.SpeedUp)),
                new Text(Figures.Duration(one.Stages.Permute)),
                new Text(Figures.Duration(one.Stages.Quantize)), new Text(Figures.Duration(one.Stages.Attend)));
        }

        output.Write(table);
        output.WriteLine(
            "GFLOP/s counts computed blocks; dense-equivalent counts what dense attention would have needed in the same time.");
    }
}
