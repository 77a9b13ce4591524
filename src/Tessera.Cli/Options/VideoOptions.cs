using System.CommandLine;
using Tessera.Wan.Pipeline;
using Tessera.Wan.Sampling;

namespace Tessera.Cli.Options;

/// <summary>What a video is: prompt, size, length, steps, guidance, solver, noise.</summary>
internal sealed class VideoOptions
{
    private static readonly GenerationRequest Defaults = new("-");

    private readonly Argument<string> _prompt = new("prompt") { Description = "What the video shows." };
    private readonly Option<(int Width, int Height)> _size = SizeOption.Create();
    private readonly Option<int> _frames = CountOption.Create("--frames", "Frames, 4n + 1; 1 makes a picture.", Defaults.FrameCount, 1);
    private readonly Option<int> _steps = CountOption.Create(
        "--steps", "Denoising steps.", Defaults.StepCount, 1, SigmaTable.TrainingSteps);
    private readonly Option<double?> _shift = NumberOption.CreateOptional(
        "--shift", "Flow shift of the noise levels. Default: the checkpoint's scheduler_config.json, else 5; 3 suits 480p, 8 to 12 the "
            + "1.3B model.",
        SigmaTable.MinimumShift, SigmaTable.MaximumShift);
    private readonly Option<double?> _guidance = NumberOption.CreateOptional(
        "--guidance", "Classifier-free guidance. Default: 5; at most 1 leaves the negative prompt out and halves the time.", 0, 100);
    private readonly Option<string?> _negative = new("--negative-prompt")
    {
        Description = "What the video does not show; '' for nothing. Default: that of the original Wan2.1 code.",
        HelpName = "TEXT",
    };
    private readonly Option<string> _solver = new("--solver")
    {
        Description = "unipc and dpm++ at the noise levels of the original code, unipc-diffusers and euler at those of diffusers.",
        HelpName = string.Join('|', Solvers.Names),
        DefaultValueFactory = static _ => Defaults.Solver.Name(),
        CustomParser = static result => NameOption.ParseOne(result, "Solver", Solvers.Names)!,
    };
    private readonly Option<ulong?> _seed = SeedOption.Create(
        "Seed of the noise; equal seeds give equal videos. Default: drawn, and recorded.");
    private readonly Option<string?> _noise = new("--noise")
    {
        Description = "File with the noise to start from instead of a seed's, to compare with another program: .npy, .safetensors or .pt "
            + "with [16, T, H/8, W/8] numbers.",
        HelpName = "FILE",
    };

    private VideoOptions()
    {
    }

    /// <summary>Adds the options to a command.</summary>
    public static VideoOptions AddTo(Command command)
    {
        VideoOptions options = new();
        command.Arguments.Add(options._prompt);
        Option[] all =
        [
            options._size, options._frames, options._steps, options._shift, options._guidance, options._negative, options._solver,
            options._seed, options._noise,
        ];
        Array.ForEach(all, command.Options.Add);
        command.Validators.Add(result =>
        {
            if (result.GetResult(options._seed) is { Implicit: false } && result.GetResult(options._noise) is { Implicit: false })
            {
                result.AddError("--seed and --noise exclude each other; noise of a file needs no seed.");
            }
        });
        return options;
    }

    /// <summary>Files that are read.</summary>
    public IEnumerable<string?> Inputs(ParseResult parsed) => [parsed.GetValue(_noise)];

    /// <summary>The request, attention left out.</summary>
    public GenerationRequest Read(ParseResult parsed)
    {
        (int width, int height) = parsed.GetValue(_size);
        return new GenerationRequest(parsed.GetValue(_prompt)!)
        {
            NegativePrompt = parsed.GetValue(_negative) ?? GenerationRequest.DefaultNegativePrompt,
            Width = width,
            Height = height,
            FrameCount = parsed.GetValue(_frames),
            StepCount = parsed.GetValue(_steps),
            FlowShift = parsed.GetValue(_shift),
            GuidanceScale = parsed.GetValue(_guidance) ?? Defaults.GuidanceScale,
            Solver = Solvers.Parse(parsed.GetValue(_solver)!),
            Seed = parsed.GetValue(_seed),
            NoisePath = parsed.GetValue(_noise),
        };
    }
}
