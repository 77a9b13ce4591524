using System.CommandLine;
using System.CommandLine.Parsing;
using Tessera.Attention;
using Tessera.Cli.Plans;
using Tessera.Cli.Running;
using Tessera.Wan.SelfAttention;

namespace Tessera.Cli.Options;

/// <summary>
/// What self-attention of a generation runs: <c>--attention</c>, <c>--density</c>, <c>--quantization</c>, <c>--plan</c>, the dense warm-up,
/// and what watches it: <c>--capture</c> and <c>--compare-dense</c>.
/// </summary>
internal sealed class SelfAttentionArguments
{
    private readonly Option<string?> _attention = new("--attention")
    {
        Description = $"Method of self-attention: {string.Join(", ", MethodCatalogue.Names)}. Default: dense, or what the plan says.",
        HelpName = "METHOD",
        CustomParser = static result => NameOption.ParseOne(result, "Attention", MethodCatalogue.Names),
    };
    private readonly Option<double?> _density = DensityOption.Single();
    private readonly Option<string?> _quantization = RecipeOption.Single();
    private readonly Option<string?> _plan = new("--plan")
    {
        Description = "Plans made by 'tessera plan calibrate'. PARO without them calibrates within the generation.",
        HelpName = "FILE",
    };
    private readonly Option<int?> _denseSteps = CountOption.CreateOptional(
        "--dense-steps", "First steps that run dense. Default: the method's own.", 0, 1000);
    private readonly Option<int?> _denseLayers = CountOption.CreateOptional(
        "--dense-layers", "First layers that run dense. Default: the method's own, and 0 beside --dense-steps.", 0, 1000);
    private readonly Option<string?> _capture = new("--capture")
    {
        Description = "Write Q, K and V of chosen calls, for example 'steps=0,10;layers=0,5;heads=0,1;branches=cond,uncond'.",
        HelpName = "CALLS",
        CustomParser = ParseCapture,
    };
    private readonly Option<string> _captureTo = new("--capture-to")
    {
        Description = "Folder of captured tensors.",
        HelpName = "DIR",
        DefaultValueFactory = static _ => "capture",
    };
    private readonly Option<bool> _compare = new("--compare-dense")
    {
        Description = "Run dense attention beside and report the deviation of each layer; costs that much time.",
    };

    private SelfAttentionArguments()
    {
    }

    /// <summary>Adds the options to a command.</summary>
    public static SelfAttentionArguments AddTo(Command command)
    {
        SelfAttentionArguments arguments = new();
        Option[] options =
        [
            arguments._attention, arguments._density, arguments._quantization, arguments._plan, arguments._denseSteps,
            arguments._denseLayers, arguments._capture, arguments._captureTo, arguments._compare,
        ];
        Array.ForEach(options, command.Options.Add);
        command.Validators.Add(arguments.Validate);
        return arguments;
    }

    /// <summary>What was asked for; a plan file is read and checked.</summary>
    /// <exception cref="CommandException">There is no such plan file.</exception>
    /// <exception cref="PlanMismatchException">The plan file is of another version or does not fit together.</exception>
    public SelfAttentionOptions Read(ParseResult parsed)
    {
        int? steps = parsed.GetValue(_denseSteps);
        int? layers = parsed.GetValue(_denseLayers);
        return new SelfAttentionOptions
        {
            Method = parsed.GetValue(_attention),
            Density = parsed.GetValue(_density),
            Recipe = parsed.GetValue(_quantization) is { } name ? RecipeNames.Resolve(name) : null,
            Plan = parsed.GetValue(_plan) is { } path ? PlanFiles.Read(path) : null,
            WarmUp = steps is null && layers is null ? null : new DensePolicy(steps ?? 0, layers ?? 0),
            Capture = parsed.GetValue(_capture) is { } calls ? CaptureRequest.Parse(calls, parsed.GetValue(_captureTo)!) : null,
            ComparesDense = parsed.GetValue(_compare),
        };
    }

    /// <summary>The plan file that was asked for, or null; outputs must not overwrite it.</summary>
    public string? PlanPath(ParseResult parsed) => parsed.GetValue(_plan);

    private static string? ParseCapture(ArgumentResult result)
    {
        try
        {
            CaptureRequest.Parse(result.Tokens[0].Value, "");
            return result.Tokens[0].Value;
        }
        catch (FormatException fault)
        {
            result.AddError(fault.Message);
            return null;
        }
    }

    // Command validators run before option values are converted, so they look at the words themselves.
    private void Validate(CommandResult result)
    {
        if (result.GetResult(_plan) is not null && result.GetResult(_density) is not null)
        {
            result.AddError("--density is fixed by the plan; leave one of --plan and --density out.");
        }
    }
}
