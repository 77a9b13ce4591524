using System.CommandLine;
using Spectre.Console;
using Tessera.Cli.Explaining;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera attention explain</c>.</summary>
internal sealed class AttentionExplainCommand : CommandWithExamples
{
    private const double DefaultDensity = 0.25;

    private readonly Option<int> _head = CountOption.Create("--head", "Head to explain, from 0.", 0, 0);
    private readonly Option<int> _batch = CountOption.Create("--batch", "Batch entry, from 0.", 0, 0);
    private readonly Option<double?> _density = DensityOption.Single();
    private readonly Option<int> _threads = CountOption.Create("--threads", "Threads; 0 uses every core.", 0, 0, 1024);
    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Draw the head to an .html or .png file as well.",
        HelpName = "FILE",
    };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly InputOptions _input;

    public AttentionExplainCommand(CommandConsole console)
        : base(
            "explain",
            "Draw one head's attention map, choose its token order, and say in words what kind of head it is.",
            "tessera attention explain --input structured --grid 8x12x14 --head 1",
            "tessera attention explain --input qkv.safetensors --grid 13x30x45 --text 226@front --head 3 --density 0.2 --output head.html")
    {
        _input = InputOptions.AddTo(this);
        Option[] options = [_head, _batch, _density, _threads, _output, _json];
        Array.ForEach(options, Options.Add);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        ExplainRequest request = new(
            _input.Read(parsed), parsed.GetValue(_head), parsed.GetValue(_batch), parsed.GetValue(_density) ?? DefaultDensity,
            parsed.GetValue(_output));
        BackendCatalogue backends = new(parsed.GetValue(_threads));
        HeadExplanation explanation = ProgressDisplay.Run(
            console, progress => HeadExplainer.Explain(request, backends, progress, cancellationToken));
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(console, explanation.Report, CliJsonContext.Default.ExplainReport);
        }
        else
        {
            Print(console.Output, explanation);
        }

        return ExitCode.Done;
    }

    private static void Print(IAnsiConsole output, HeadExplanation explanation)
    {
        ExplainReport report = explanation.Report;
        output.MarkupLineInterpolated(
            $"[bold]head {report.Head}[/] of {report.Input.Source} ({report.Input.Grid}): a [bold]{report.Kind}[/] head");
        output.WriteLine(report.Description);
        output.WriteLine();
        int cells = TerminalHeatMap.CellsFor(output.Profile.Width);
        output.WriteLine(
            $"left: who looks at whom, tokens in natural order; right: in order {report.Order}, skipped blocks greyed. Rows ask, columns "
            + "answer; brighter is more.");
        output.Write(new TerminalHeatMap(explanation.NaturalMap(cells), explanation.ReorderedMap(cells)));
        output.WriteLine();
        output.WriteLine(
            $"looks along frames {Spread(report.FrameSpread)}, height {Spread(report.HeightSpread)}, width {Spread(report.WidthSpread)} (0 "
            + "% next to itself, 100 % everywhere alike)");
        output.WriteLine(
            $"each of {report.Input.Tokens} tokens spreads over about {report.EffectiveKeys:0} keys; {report.TextMass:0.0%} of it on text "
            + $"({report.SampledRows} rows sampled)");
        output.WriteLine(
            $"order {report.Order} computes {report.BlocksComputed} of {report.BlocksTotal} blocks of {report.BlockSize} "
            + $"({Figures.Share(report.Density)}) and keeps {Figures.Share(report.KeptMass)} of the attention");
        output.WriteLine();
        Table orders = ReportTable.Create(output, "order", ">kept mass", ">nearly empty blocks", ">incoherence");
        foreach (OrderFigures order in report.Orders)
        {
            Style style = order.Order == report.Order ? new Style(decoration: Decoration.Bold) : Style.Plain;
            orders.AddRow(
                new Text(order.Order == report.Order ? $"{order.Order} (chosen)" : order.Order, style),
                new Text(Figures.Share(order.KeptMass), style),
                new Text(Figures.Share(order.EmptyShare), style), new Text($"{order.Incoherence:0.0}", style));
        }

        output.Write(orders);
        Table scales = ReportTable.Create(output, "INT8 scale per token", ">smallest", ">median", ">largest");
        foreach (ScaleFigures scale in report.Scales)
        {
            scales.AddRow(
                new Text(scale.Operand), new Text($"{scale.Minimum:0.00000}"), new Text($"{scale.Median:0.00000}"),
                new Text($"{scale.Maximum:0.00000}"));
        }

        output.Write(scales);
        if (report.Output is { } path)
        {
            output.MarkupLineInterpolated($"wrote [bold]{path}[/]");
        }
    }

    private static string Spread(double? spread) => spread is { } value ? $"{value:0%}" : "nowhere (one token)";
}
