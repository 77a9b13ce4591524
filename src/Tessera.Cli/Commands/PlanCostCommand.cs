using System.CommandLine;
using Spectre.Console;
using Tessera.Attention;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Masks;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera plan cost</c>.</summary>
internal sealed class PlanCostCommand : CommandWithExamples
{
    private const double DefaultDensity = 0.25;

    private readonly Argument<string?> _file = new("file")
    {
        Description = "A plan file; without one, evenly spread blocks of the sizes below.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<int> _length = CountOption.Create("--length", "Tokens.", 4096, 1);
    private readonly Option<int> _heads = CountOption.Create("--heads", "Heads.", 4, 1, 1024);
    private readonly Option<int> _headDim = CountOption.Create("--dim", "Channels of a head.", 128, 1, AttentionShape.MaximumHeadDim);
    private readonly Option<double?> _density = DensityOption.Single();
    private readonly Option<string?> _quantization = RecipeOption.Single();
    private readonly Option<BlockSize> _block = BlockOption.Create();
    private readonly Option<int> _threads = CountOption.Create("--threads", "Threads; 0 uses every core.", 0, 0, 1024);
    private readonly Option<bool> _measure = new("--measure") { Description = "Run the plan on random inputs too, and say how far off." };
    private readonly Option<bool> _json = JsonOption.Create();

    public PlanCostCommand(CommandConsole console)
        : base(
            "cost",
            "Predict the time of a plan on this machine by stage, the density below which skipping blocks pays, and the best block size.",
            "tessera plan cost --length 4096 --heads 4 --dim 128 --density 0.25 --quantization int8 --measure",
            "tessera plan cost plan.safetensors --json")
    {
        Arguments.Add(_file);
        Option[] options = [_length, _heads, _headDim, _density, _quantization, _block, _threads, _measure, _json];
        Array.ForEach(options, Options.Add);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        PlanCostRequest request = new(
            parsed.GetValue(_file), parsed.GetValue(_length), parsed.GetValue(_heads), parsed.GetValue(_headDim),
            parsed.GetValue(_density) ?? DefaultDensity, parsed.GetValue(_quantization),
            parsed.GetValue(_block) is { Query: > 0 } block ? block : null,
            parsed.GetValue(_measure));
        BackendCatalogue backends = new(parsed.GetValue(_threads));
        PlanCostReport report = ProgressDisplay.Run(
            console, progress => PlanCosting.Predict(request, backends, progress, cancellationToken));
        JsonOutput.WriteOrPrint(console, parsed.GetValue(_json), report, CliJsonContext.Default.PlanCostReport, Print);
        return ExitCode.Done;
    }

    private static void Print(IAnsiConsole output, PlanCostReport report)
    {
        output.MarkupLineInterpolated(
            $"[bold]{report.Name}[/] {report.Shape}: {report.Recipe}, blocks of {report
                .BlockSize}, density {Figures.Share(report.Density)}");
        Table table = ReportTable.Create(output, "stage", ">predicted", ">share", "what");
        CostStages cost = report.Predicted;
        void Row(string stage, double seconds, string what)
        {
            if (seconds > cost.Total * 1e-3)
            {
                table.AddRow(
                    new Text(stage), new Text(Figures.Duration(seconds)), new Text(Figures.Share(seconds / cost.Total)), new Text(what));
            }
        }

        Row("pack", cost.Pack, "smooth, quantise and pack K and V");
        Row("rows", cost.Rows, "pack Q, divide and store the output");
        Row("scores", cost.Scores, "QK");
        Row("softmax", cost.Softmax, "scores to probabilities or codes");
        Row("output", cost.Output, "PV");
        Row("hide", cost.Hide, "predicates, score functors, cut blocks");
        Row("memory", cost.Memory, "operands from beyond the second-level cache");
        Row("imbalance", cost.Imbalance, "waiting for the last thread");
        Row("dispatch", cost.Dispatch, "starting threads");
        Row("run", cost.Total, "one call, without planning");
        output.Write(table);
        if (report.MeasuredSeconds is { } measured)
        {
            output.WriteLine($"measured {Figures.Duration(measured)}: the prediction is {report.PredictionError:+0.0%;-0.0%} off");
        }

        output.WriteLine(
            $"dense {report.Recipe} {Figures.Duration(report.DenseSeconds)}, dense float32 {Figures.Duration(report.DenseFloat32Seconds)}");
        output.WriteLine(report.Note);
        Table sizes = ReportTable.Create(output, "blocks", ">predicted");
        foreach (BlockSizeSeconds one in report.BlockSizes)
        {
            string mark = one.Size == report.RecommendedBlockSize ? " (recommended)" : "";
            sizes.AddRow(new Text(one.Size + mark), new Text(Figures.Duration(one.Seconds)));
        }

        output.WriteLine($"evenly spread blocks at {Figures.Share(report.Density)}:");
        output.Write(sizes);
    }
}
