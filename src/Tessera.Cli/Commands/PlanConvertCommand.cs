using System.CommandLine;
using Spectre.Console;
using Tessera.Attention;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Plans;
using Tessera.Cli.Terminal;
using Tessera.Layout;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera plan convert</c>.</summary>
internal sealed class PlanConvertCommand : CommandWithExamples
{
    private readonly Argument<string> _file = new("file")
    {
        Description = "A plan file, its JSON, or a .safetensors file with the released PAROAttention tensors 'permute' and 'sparse'.",
    };
    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "A .json file for people, or a .safetensors plan file.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<int?> _headDim = CountOption.CreateOptional(
        "--dim", "Channels of a head, for released plans, which do not hold it.", 1, AttentionShape.MaximumHeadDim);
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly GridOptions _grid;

    public PlanConvertCommand(CommandConsole console)
        : base(
            "convert",
            "Convert a plan file to readable JSON, JSON back to a plan file, or a released PAROAttention plan to a plan file.",
            "tessera plan convert plan.safetensors --output plan.json",
            "tessera plan convert plan.json --output plan.safetensors",
            "tessera plan convert released.safetensors --grid 13x30x45 --text 226@front --dim 64 --output plan.safetensors")
    {
        Arguments.Add(_file);
        _grid = GridOptions.AddTo(this);
        Options.Add(_headDim);
        Options.Add(_output);
        Options.Add(_json);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        TokenGrid? grid = _grid.Read(parsed);
        int? headDim = parsed.GetValue(_headDim);
        PlanReport report = ProgressDisplay.Run(
            console, _ => PlanConversion.Convert(parsed.GetValue(_file)!, parsed.GetValue(_output)!, grid, headDim, cancellationToken));
        if (parsed.GetValue(_json))
        {
            JsonOutput.Write(console, report, CliJsonContext.Default.PlanReport);
        }
        else
        {
            PlanTable.Print(console.Output, report);
            console.Output.WriteLine($"wrote {report.File}");
        }

        return ExitCode.Done;
    }
}
