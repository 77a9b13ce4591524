using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;
using Tessera.Cli.Demonstration;
using Tessera.Cli.Inputs;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera demo</c>.</summary>
internal sealed class DemoCommand : CommandWithExamples
{
    private const string DefaultFolder = "tessera-demo";
    private const double DefaultDensity = 0.25;

    private readonly Option<double?> _density = DensityOption.Single();
    private readonly Option<int> _threads = CountOption.Create("--threads", "Threads; 0 uses every core.", 0, 0, 1024);
    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "Folder for the report and the animation.",
        HelpName = "DIR",
        DefaultValueFactory = static _ => DefaultFolder,
    };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly InputOptions _input;

    public DemoCommand(CommandConsole console)
        : base(
            "demo",
            "Attend over a clip with every method: an animation, an HTML report, and a table of speed-up and fidelity.",
            "tessera demo",
            "tessera demo --input clip.mp4 --output my-clip")
    {
        _input = InputOptions.AddTo(this, isRequired: false);
        Option[] options = [_density, _threads, _output, _json];
        Array.ForEach(options, Options.Add);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        DemoRequest request = new(
            _input.Read(parsed, ClipInput.GeneratedWord), parsed.GetValue(_output)!, parsed.GetValue(_density) ?? DefaultDensity,
            CommandEcho.Of(parsed));
        BackendCatalogue backends = new(parsed.GetValue(_threads));
        DemoReport report = ProgressDisplay.Run(console, progress => Demo.Run(request, backends, progress, cancellationToken));
        report = report with { Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds };
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(console, report, CliJsonContext.Default.DemoReport);
        }
        else
        {
            Print(console.Output, report);
        }

        return ExitCode.Done;
    }

    private static void Print(IAnsiConsole output, DemoReport report)
    {
        InputSummary input = report.Input;
        output.MarkupLineInterpolated(
            $"[bold]{input.Source}[/] as {input.Heads} attention heads of {input.HeadDim}: grid {input.Grid}, {input
                .Tokens} tokens; dense float32 takes {Figures.Duration(report.DenseSeconds)} on {report
                .Threads} threads of {report.Processor}");
        output.Write(ComparisonTable.Create(output, report.Rows));
        output.WriteLine(ComparisonTable.Legend);
        output.MarkupLineInterpolated($"animation (clip, dense attention, paro in int8): [bold]{report.Animation}[/]");
        output.MarkupLineInterpolated($"finished in {Figures.Duration(report.Seconds)}; open [bold]{report.Page}[/] in a browser");
    }
}
