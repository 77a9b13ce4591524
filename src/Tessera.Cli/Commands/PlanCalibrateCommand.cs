using System.CommandLine;
using System.CommandLine.Parsing;
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
    private readonly ModelCalibrationOptions _generation;

    public PlanCalibrateCommand(CommandConsole console)
        : base(
            "calibrate",
            "Make plans once and store them: token orders and block masks per head, from sample queries and keys or in a running model.",
            "tessera plan calibrate --input structured --grid 5x12x14 --density 0.25 --output plan.safetensors",
            "tessera plan calibrate --input qkv.safetensors --grid 13x30x45 --text 226@front --density 0.2 --quantization int8 --output "
            + "plan.safetensors",
            "tessera plan calibrate --checkpoint Wan2.1-T2V-1.3B --prompts prompts.txt --size 832x480 --frames 81 --density 0.25 "
            + "--quantization int8 --output paro.safetensors")
    {
        _input = InputOptions.AddTo(this, isRequired: false);
        _generation = ModelCalibrationOptions.AddTo(this);
        Validators.Add(Validate);
        Option[] options = [_method, _density, _quantization, _model, _threads, _output, _json];
        Array.ForEach(options, Options.Add);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private void Validate(CommandResult result)
    {
        if (IsGiven(result, "--input") == IsGiven(result, "--checkpoint"))
        {
            result.AddError("Give either --input, tensors to calibrate on, or --checkpoint with --prompts, a model to calibrate in.");
        }
    }

    private static bool IsGiven(CommandResult result, string name) =>
        result.Children.OfType<OptionResult>().Any(option => option.Option.Name == name && !option.Implicit);

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        CalibrationRequest request = new(
            _input.Read(parsed), parsed.GetValue(_method) ?? DefaultMethod, parsed.GetValue(_density), parsed.GetValue(_quantization),
            parsed.GetValue(_model) ?? "", parsed.GetValue(_output)!);
        BackendCatalogue backends = new(parsed.GetValue(_threads));
        PlanReport report = ProgressDisplay.Run(
            console,
            progress => _generation.Read(parsed) is { } model
                ? ModelCalibration.Calibrate(
                    request, model, backends, progress, model.LogsSteps ? console.ErrorWriter : null, cancellationToken)
                : PlanCalibration.Calibrate(request, backends, progress, cancellationToken));
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
