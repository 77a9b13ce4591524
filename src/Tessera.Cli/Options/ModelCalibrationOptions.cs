using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Tessera.Cli.Plans;
using Tessera.Wan.Pipeline;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention.Calibration;

namespace Tessera.Cli.Options;

/// <summary>Options of a calibration in the running model: <c>--checkpoint</c>, <c>--prompts</c> and what a generation needs.</summary>
internal sealed class ModelCalibrationOptions
{
    private static readonly GenerationRequest Defaults = new("-");

    private readonly Option<string?> _checkpoint = new("--checkpoint")
    {
        Description = "Folder of a Wan2.1 model: calibrate in its own dense generations instead of on --input.",
        HelpName = "DIR",
    };
    private readonly Option<string?> _prompts = new("--prompts")
    {
        Description = "Text file with a prompt a line.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _negative = new("--negative-prompt")
    {
        Description = "What the videos do not show; '' for nothing. Default: that of the original Wan2.1 code, as in generate.",
        HelpName = "TEXT",
    };
    private readonly Option<int> _steps = CountOption.Create(
        "--steps", "Denoising steps of the sampler.", Defaults.StepCount, 1, SigmaTable.TrainingSteps);
    private readonly Option<double?> _shift = NumberOption.CreateOptional(
        "--shift", "Flow shift of the noise levels. Default: the checkpoint's scheduler_config.json, else 5.", SigmaTable.MinimumShift,
        SigmaTable.MaximumShift);
    private readonly Option<double?> _guidance = NumberOption.CreateOptional(
        "--guidance", "Classifier-free guidance; at most 1 runs the prompt alone. Default: 5.", 0, 100);
    private readonly Option<string> _solver = new("--solver")
    {
        Description = "Solver with its noise levels.",
        HelpName = string.Join('|', Solvers.Names),
        DefaultValueFactory = static _ => Defaults.Solver.Name(),
        CustomParser = static result => NameOption.ParseOne(result, "Solver", Solvers.Names) ?? Defaults.Solver.Name(),
    };
    private readonly Option<ulong?> _seed = SeedOption.Create("Seed of the first prompt's noise; each prompt counts one up. Default: 0.");
    private readonly Option<int> _groups = CountOption.Create(
        "--groups", "Equal groups of steps with masks or windows of their own (paro, sta). Default: 4.",
        CalibrationSettings.DefaultGroups, 1, 1000);
    private readonly Option<int[]> _observed = new("--calibrate-steps")
    {
        Description = "Steps that are looked at, separated by commas. Default: every third one after the warm-up.",
        HelpName = "N,N,...",
        DefaultValueFactory = static _ => [],
        CustomParser = ParseSteps,
    };
    private readonly Option<int?> _denseSteps = CountOption.CreateOptional(
        "--dense-steps", "First steps that will run dense. Default: the method's own.", 0, 1000);
    private readonly Option<int?> _denseLayers = CountOption.CreateOptional(
        "--dense-layers", "First layers that will run dense. Default: the method's own, and 0 beside --dense-steps.", 0, 1000);
    private readonly Option<string?> _state = new("--state")
    {
        Description = "Folder that keeps what has been seen, to go on after an interruption. Default: OUTPUT.calibration.",
        HelpName = "DIR",
    };
    private readonly Option<bool> _logSteps = new("--log-steps") { Description = "Write a line for each step to standard error." };
    private readonly LatentSizeOptions _video;

    private ModelCalibrationOptions(Command command)
    {
        command.Options.Add(_checkpoint);
        command.Options.Add(_prompts);
        command.Options.Add(_negative);
        _video = LatentSizeOptions.AddTo(command);
        Option[] options = [_steps, _shift, _guidance, _solver, _seed, _groups, _observed, _denseSteps, _denseLayers, _state, _logSteps];
        Array.ForEach(options, command.Options.Add);
        command.Validators.Add(Validate);
    }

    /// <summary>Adds the options to a command.</summary>
    public static ModelCalibrationOptions AddTo(Command command) => new(command);

    /// <summary>What was asked for, or null when the command calibrates on <c>--input</c>.</summary>
    public ModelCalibrationRequest? Read(ParseResult parsed) => parsed.GetValue(_checkpoint) is not { } checkpoint
        ? null
        : new ModelCalibrationRequest(checkpoint, parsed.GetValue(_prompts)!, _video.Read(parsed))
        {
            NegativePrompt = parsed.GetValue(_negative) ?? GenerationRequest.DefaultNegativePrompt,
            Steps = parsed.GetValue(_steps),
            Shift = parsed.GetValue(_shift),
            Guidance = parsed.GetValue(_guidance) ?? Defaults.GuidanceScale,
            Solver = Solvers.Parse(parsed.GetValue(_solver)!),
            Seed = parsed.GetValue(_seed) ?? 0,
            Groups = parsed.GetValue(_groups),
            ObservedSteps = parsed.GetValue(_observed)!,
            DenseSteps = parsed.GetValue(_denseSteps),
            DenseLayers = parsed.GetValue(_denseLayers),
            StateFolder = parsed.GetValue(_state),
            LogsSteps = parsed.GetValue(_logSteps),
        };

    private static int[] ParseSteps(ArgumentResult result)
    {
        List<int> steps = [];
        foreach (string text in result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int step))
            {
                result.AddError($"--calibrate-steps '{text}' is not a step number from 0.");
                return [];
            }

            steps.Add(step);
        }

        return [.. steps];
    }

    // Command validators run before option values are converted, so they look at the words themselves.
    private void Validate(CommandResult result)
    {
        bool hasCheckpoint = result.GetResult(_checkpoint) is { Tokens.Count: > 0 };
        if (hasCheckpoint != result.GetResult(_prompts) is { Tokens.Count: > 0 })
        {
            result.AddError("--checkpoint and --prompts go together: a model to run and what to run it on.");
        }
    }
}
