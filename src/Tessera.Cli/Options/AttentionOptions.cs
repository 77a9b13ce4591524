using System.CommandLine;
using System.CommandLine.Parsing;
using Tessera.Attention;
using Tessera.Cli.Plans;
using Tessera.Cli.Running;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.SelfAttention;

namespace Tessera.Cli.Options;

/// <summary>What self-attention inside a model runs: method or plan, density, formats, warm-up, and what is watched.</summary>
internal sealed class AttentionOptions
{
    private readonly Option<string?> _method = new("--attention")
    {
        Description = $"Method of self-attention: {string.Join(", ", MethodCatalogue.Names)}. Default: the plan's, else dense.",
        HelpName = "METHOD",
        CustomParser = static result => NameOption.ParseOne(result, "Attention", MethodCatalogue.Names),
    };
    private readonly Option<double?> _density = DensityOption.Single();
    private readonly Option<string?> _quantization = RecipeOption.Single();
    private readonly Option<string?> _plan = new("--plan")
    {
        Description = "Plans made by 'tessera plan calibrate' for this model and size.",
        HelpName = "FILE",
    };
    private readonly Option<int?> _denseSteps = CountOption.CreateOptional(
        "--dense-steps", "First steps that run dense. Default: the method's own.", 0, 1000);
    private readonly Option<int?> _denseLayers = CountOption.CreateOptional(
        "--dense-layers", "First layers that run dense. Default: the method's own.", 0, 1024);
    private readonly Option<string?> _capture = new("--capture")
    {
        Description = "Write Q, K and V after the rotary embedding, to OUTPUT.qkv, for example 'steps=0,10;layers=0,5;heads=0,1'.",
        HelpName = "WHAT",
    };
    private readonly Option<bool> _deviations = new("--deviations")
    {
        Description = "Run dense attention beside and report how far each layer is from it; costs its time.",
    };

    private AttentionOptions()
    {
    }

    /// <summary>Adds the options to a command.</summary>
    public static AttentionOptions AddTo(Command command)
    {
        AttentionOptions options = new();
        Option[] all =
        [
            options._method, options._density, options._quantization, options._plan, options._denseSteps, options._denseLayers,
            options._capture, options._deviations,
        ];
        Array.ForEach(all, command.Options.Add);
        command.Validators.Add(options.Validate);
        return options;
    }

    /// <summary>Files that are read.</summary>
    public IEnumerable<string?> Inputs(ParseResult parsed) => [parsed.GetValue(_plan)];

    /// <summary>What was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="output">The video; captures are written to a folder beside it.</param>
    /// <param name="steps">Steps of the sampler.</param>
    /// <param name="model">The transformer.</param>
    public SelfAttentionOptions Read(ParseResult parsed, string output, int steps, WanTransformerConfig model)
    {
        PlanFile? plan = parsed.GetValue(_plan) is { } path ? PlanFiles.Read(path) : null;
        string? method = parsed.GetValue(_method);
        return new SelfAttentionOptions
        {
            Method = method,
            Density = parsed.GetValue(_density),
            Recipe = parsed.GetValue(_quantization) is { } recipe ? RecipeNames.Resolve(recipe) : null,
            Plan = plan,
            WarmUp = WarmUp(parsed, plan, method ?? "dense", steps, model.Layers),
            Capture = parsed.GetValue(_capture) is { } what ? CaptureRequest.Parse(what, $"{output}.qkv") : null,
            ComparesDense = parsed.GetValue(_deviations),
        };
    }

    /// <summary>One of the two may be given; the other stays the method's own.</summary>
    private DensePolicy? WarmUp(ParseResult parsed, PlanFile? plan, string method, int steps, int layers)
    {
        int? denseSteps = parsed.GetValue(_denseSteps);
        int? denseLayers = parsed.GetValue(_denseLayers);
        if (denseSteps is null && denseLayers is null)
        {
            return null;
        }

        DensePolicy own = plan?.Schedule.Policy ?? WarmUpPolicies.Of(method, method == "paro", steps, layers);
        return new DensePolicy(denseSteps ?? own.FirstSteps, denseLayers ?? own.FirstLayers);
    }

    // Command validators run before option values are converted, so they look at the words themselves.
    private void Validate(CommandResult result)
    {
        string? method = result.GetResult(_method)?.Tokens is [Token token, ..] ? token.Value : null;
        bool hasPlan = result.GetResult(_plan) is { Implicit: false };
        bool hasDensity = result.GetResult(_density) is { Implicit: false };
        if (hasPlan && hasDensity)
        {
            result.AddError("--density is fixed by --plan; leave one of them out.");
        }
        else if (hasDensity && !hasPlan && !MethodCatalogue.TakesDensity(method ?? "dense"))
        {
            result.AddError(
                $"--density does not fit attention {method ?? "dense"}, which computes every block; take --attention paro, fps, sta, svg "
                    + "or sparge.");
        }
    }
}
