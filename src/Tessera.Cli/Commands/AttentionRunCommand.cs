using System.CommandLine;
using System.CommandLine.Parsing;
using Spectre.Console;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera attention run</c>.</summary>
internal sealed class AttentionRunCommand : CommandWithExamples
{
    private readonly Option<string?> _method = MethodOption.Single();
    private readonly Option<double?> _density = DensityOption.Single();
    private readonly Option<string?> _quantization = RecipeOption.Single();
    private readonly Option<string?> _plan = new("--plan")
    {
        Description = "A plan made by 'tessera plan calibrate', instead of planning now.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Write the attention output as tensor 'output', float32 in natural token order.",
        HelpName = "FILE",
    };
    private readonly Option<bool> _noCompare = new("--no-compare") { Description = "Skip dense attention and the figures against it." };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly InputOptions _input;
    private readonly BackendOptions _backend;

    public AttentionRunCommand(CommandConsole console)
        : base(
            "run",
            "Run one method on queries, keys and values; say what was skipped, how far the answer is from dense attention, and how long "
            + "each stage took.",
            "tessera attention run --input structured --heads 4 --grid 5x9x10 --method paro --density 0.25 --quantization int8",
            "tessera attention run --input qkv.safetensors --grid 13x30x45 --text 226@front --method paro --density 0.2 --output "
            + "out.safetensors")
    {
        _input = InputOptions.AddTo(this);
        Options.Add(_method);
        Options.Add(_density);
        Options.Add(_quantization);
        Options.Add(_plan);
        _backend = BackendOptions.AddTo(this);
        Options.Add(_output);
        Options.Add(_noCompare);
        Options.Add(_json);
        Validators.Add(Validate);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private void Validate(CommandResult result)
    {
        bool hasPlan = result.GetResult(_plan) is not null;
        if (!hasPlan && result.GetResult(_method) is null)
        {
            result.AddError("--method is missing; name one, or give a --plan.");
        }

        if (hasPlan && result.GetResult(_density) is not null)
        {
            result.AddError("--density is fixed by the plan; leave one of --plan and --density out.");
        }
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        RunRequest request = new(
            _input.Read(parsed), parsed.GetValue(_method), parsed.GetValue(_density), parsed.GetValue(_quantization),
            parsed.GetValue(_plan),
            _backend.Backend(parsed), parsed.GetValue(_output), !parsed.GetValue(_noCompare));
        BackendCatalogue backends = _backend.Open(parsed);
        RunReport report = ProgressDisplay.Run(
            console, progress => AttentionRunner.Execute(request, backends, progress, cancellationToken));
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(console, report, CliJsonContext.Default.RunReport);
        }
        else
        {
            Print(console.Output, report);
        }

        return ExitCode.Done;
    }

    private static void Print(IAnsiConsole output, RunReport report)
    {
        InputSummary input = report.Input;
        output.MarkupLineInterpolated(
            $"[bold]{report.Plan.Name}[/] on {input.Source}: {input.Heads} heads of {input.HeadDim}, grid {input.Grid}, {input
                .Tokens} tokens");
        output.MarkupLineInterpolated($"backend {report.Backend.Name}: {report.Backend.Reason}");
        foreach (string refused in report.Backend.Refused)
        {
            output.MarkupLineInterpolated($"[grey]not {refused}[/]");
        }

        Table table = ReportTable.Create(output, "what", ">value", "meaning");
        void Row(string what, string value, string meaning) => table.AddRow(new Text(what), new Text(value), new Text(meaning));
        Row("blocks computed", $"{report.BlocksComputed} of {report.BlocksTotal}", $"blocks of {report.Plan.BlockSize} tokens");
        Row("density", Figures.Share(report.Plan.Density), "share of blocks computed, whole map");
        Row("density, video only", Figures.Share(report.Plan.VideoDensity), "the same without blocks that hold text");
        if (report.Error is { } error)
        {
            Row("kept mass", Figures.Share(report.KeptMass), "share of the dense softmax that the kept blocks hold");
            Row("cosine", Figures.Cosine(error.Cosine), "similarity to dense float32; 1 is equal");
            Row(
                "relative L1", Figures.Error(error.RelativeL1),
                $"of which skipping alone {Figures.Error(report.SparsityError?.RelativeL1)}");
            Row(
                "relative L2", Figures.Error(error.RelativeL2),
                $"of which skipping alone {Figures.Error(report.SparsityError?.RelativeL2)}");
            Row("RMSE", Figures.Error(error.Rmse), "in units of the output");
        }

        Row("plan", Figures.Duration(report.Stages.Plan), report.PlansPerCall ? "in every call" : "once, offline");
        Row("compile", Figures.Duration(report.Stages.Compile), report.PlansPerCall ? "in every call" : "once, with the plan");
        Row("permute", Figures.Duration(report.Stages.Permute), "0 when fused into packing");
        Row("quantize", Figures.Duration(report.Stages.Quantize), "smoothing, quantising, packing");
        Row("attend", Figures.Duration(report.Stages.Attend), "scores, softmax, PV");
        Row(
            "run", Figures.Duration(report.Seconds),
            report.DenseSeconds is { } dense ? $"dense float32 takes {Figures.Duration(dense)}" : "wall time without planning");
        if (report.OverheadShare is { } overhead)
        {
            Row("all but attend", Figures.Share(overhead), "stages of a call, share of the dense time");
        }

        if (report.SpeedUp is { } speedUp)
        {
            Row("speed-up", Figures.Factor(speedUp), "against our own dense float32");
        }

        output.Write(table);
        if (report.DenseIsFaster == true)
        {
            output.WriteLine("dense is faster here; 'tessera plan cost' predicts the density and size from which skipping blocks pays");
        }

        if (report.Output is { } path)
        {
            output.MarkupLineInterpolated($"wrote [bold]{path}[/]");
        }
    }
}
