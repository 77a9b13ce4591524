using System.CommandLine;
using Spectre.Console;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Plans;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera plan calibrate</c>.</summary>
internal sealed class PlanCalibrateCommand : CommandWithExamples
{
    private const string DefaultMethod = "paro";

    private readonly Option<string?> _method = MethodOption.Single();
    private readonly Option<double?> _density = DensityOption.Single();
    private readonly Option<string?> _quantization = RecipeOption.Single();
    private readonly Option<string?> _model = new("--model")
    {
        Description = "Name of the model the plan is for; recorded in the file.",
        HelpName = "NAME",
    };
    private readonly Option<int> _threads = CountOption.Create("--threads", "Threads; 0 uses every core.", 0, 0, 1024);
    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The .safetensors plan file to write.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly InputOptions _input;

    public PlanCalibrateCommand(CommandConsole console)
        : base(
            "calibrate",
            "Make a plan once and store it: token orders and block masks per head, from sample queries and keys.",
            "tessera plan calibrate --input structured --grid 5x12x14 --density 0.25 --output plan.safetensors",
            "tessera plan calibrate --input qkv.safetensors --grid 13x30x45 --text 226@front --density 0.2 --quantization int8 --output "
            + "plan.safetensors")
    {
        _input = InputOptions.AddTo(this);
        Option[] options = [_method, _density, _quantization, _model, _threads, _output, _json];
        Array.ForEach(options, Options.Add);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        CalibrationRequest request = new(
            _input.Read(parsed), parsed.GetValue(_method) ?? DefaultMethod, parsed.GetValue(_density), parsed.GetValue(_quantization),
            parsed.GetValue(_model) ?? "", parsed.GetValue(_output)!);
        BackendCatalogue backends = new(parsed.GetValue(_threads));
        PlanReport report = ProgressDisplay.Run(
            console, progress => PlanCalibration.Calibrate(request, backends, progress, cancellationToken));
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(console, report, CliJsonContext.Default.PlanReport);
        }
        else
        {
            PlanTable.Print(console.Output, report);
            console.Output.WriteLine($"calibrated in {Figures.Duration(report.Seconds ?? 0)}; wrote {report.File}");
        }

        return ExitCode.Done;
    }
}
