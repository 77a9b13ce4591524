using System.CommandLine;
using Spectre.Console;
using Tessera.Cli.Comparing;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera attention compare</c>.</summary>
internal sealed class AttentionCompareCommand : CommandWithExamples
{
    private readonly Option<string[]> _methods = MethodOption.List();
    private readonly Option<double[]> _densities = DensityOption.List(0.25);
    private readonly Option<string[]> _formats = RecipeOption.List();
    private readonly Option<int> _repeat = CountOption.Create("--repeat", "Timed runs of each plan; the fastest counts.", 3, 1, 1000);
    private readonly Option<string?> _report = new("--report")
    {
        Description = "Write one self-contained HTML report with plots and attention maps.",
        HelpName = "FILE",
    };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly InputOptions _input;
    private readonly BackendOptions _backend;

    public AttentionCompareCommand(CommandConsole console)
        : base(
            "compare",
            "Run all methods side by side on one input: what each skips, keeps, costs and gains.",
            "tessera attention compare --input structured --grid 5x12x14 --densities 0.25 --formats none,int8",
            "tessera attention compare --input clip.mp4 --methods dense,paro,sparge --densities 0.2,0.5 --report report.html")
    {
        _input = InputOptions.AddTo(this);
        Options.Add(_methods);
        Options.Add(_densities);
        Options.Add(_formats);
        _backend = BackendOptions.AddTo(this);
        Option[] options = [_repeat, _report, _json];
        Array.ForEach(options, Options.Add);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        CompareRequest request = new(
            _input.Read(parsed), parsed.GetValue(_methods)!, parsed.GetValue(_densities)!, parsed.GetValue(_formats)!,
            _backend.Backend(parsed),
            parsed.GetValue(_repeat), parsed.GetValue(_report), CommandEcho.Of(parsed));
        BackendCatalogue backends = _backend.Open(parsed);
        ComparisonReport report = ProgressDisplay.Run(
            console, progress => ComparisonRunner.Execute(request, backends, progress, cancellationToken));
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(console, report, CliJsonContext.Default.ComparisonReport);
        }
        else
        {
            Print(console.Output, report);
        }

        return ExitCode.Done;
    }

    private static void Print(IAnsiConsole output, ComparisonReport report)
    {
        InputSummary input = report.Input;
        output.MarkupLineInterpolated(
            $"[bold]{input.Source}[/]: {input.Heads} heads of {input.HeadDim}, grid {input.Grid}, {input
                .Tokens} tokens; dense float32 takes {Figures.Duration(report.DenseSeconds)} on {report
                .Threads} threads of {report.Processor}");
        output.Write(ComparisonTable.Create(output, report.Rows));
        output.WriteLine(ComparisonTable.Legend);
        if (report.Report is { } path)
        {
            output.MarkupLineInterpolated($"wrote [bold]{path}[/]");
        }
    }
}
