using System.CommandLine;
using Tessera.Cli.Generating;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Media.Ffmpeg;
using Tessera.Neural.Checkpoints;
using Tessera.Wan.Pipeline;
using Tessera.Wan.SelfAttention;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera generate</c>.</summary>
internal sealed class GenerateCommand : CommandWithExamples
{
    private readonly Option<string?> _checkpoint = new("--checkpoint", "-c")
    {
        Description = "Folder of a Wan2.1 text-to-video model, original layout or diffusers'.",
        HelpName = "DIR",
    };
    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "The video: .mp4 through ffmpeg, .png (a picture, or animated) or .y4m without it. Default: video.mp4, or video.png "
            + "where ffmpeg is not installed.",
        HelpName = "FILE",
    };
    private readonly Option<int?> _textLength = CountOption.CreateOptional(
        "--text-length", "Text tokens that the model sees; longer prompts are cut. Default: the checkpoint's, 512.", 1, 1 << 16);
    private readonly Option<string?> _precision = PrecisionOption.Create();
    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Continue the interrupted generation of this output from its last saved step, with the result it would have had.",
    };
    private readonly Option<bool> _otherArithmetic = new("--allow-other-arithmetic")
    {
        Description = "With --resume: go on although the steps so far were computed by another version, vector width or instruction; the "
            + "last bits are then those of no uninterrupted run, and the record says so.",
    };
    private readonly Option<bool> _estimate = new("--estimate")
    {
        Description = "Say what memory and time it will need, and make nothing.",
    };
    private readonly Option<bool> _logSteps = new("--log-steps") { Description = "Write a line for each step to standard error." };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly VideoOptions _video;
    private readonly AttentionOptions _attention;
    private readonly CodecOptions _codec;
    private readonly BackendOptions _backend;

    public GenerateCommand(CommandConsole console)
        : base(
            "generate",
            "Make a video from a prompt with Wan2.1, with any attention method inside.",
            "tessera generate fox --checkpoint wan-tiny-random --size 256x256 --frames 17 --steps 8 --output fox.png",
            "tessera generate fox --checkpoint Wan2.1-T2V-1.3B --attention paro --density 0.3 --quantization int8 --seed 42 -o fox.mp4",
            "tessera generate fox --checkpoint Wan2.1-T2V-1.3B --plan paro.safetensors --resume -o fox.mp4",
            "tessera generate fox --checkpoint Wan2.1-T2V-14B --size 1280x720 --estimate")
    {
        Options.Add(_checkpoint);
        Options.Add(_output);
        _video = VideoOptions.AddTo(this);
        _attention = AttentionOptions.AddTo(this);
        _codec = CodecOptions.AddTo(this);
        _backend = BackendOptions.AddTo(this);
        Option[] options = [_textLength, _precision, _resume, _otherArithmetic, _estimate, _logSteps, _json];
        Array.ForEach(options, Options.Add);
        Validators.Add(result =>
        {
            if (result.GetValue(_otherArithmetic) && !result.GetValue(_resume))
            {
                result.AddError("--allow-other-arithmetic goes with --resume: only a generation that was begun elsewhere can differ.");
            }
        });
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        string folder = parsed.GetValue(_checkpoint) ?? throw CheckpointAdvice.Missing();
        GenerationRequest request = _video.Read(parsed);
        string path = parsed.GetValue(_output) ?? $"video.{(FfmpegTools.Find().Ffmpeg is null ? "png" : "mp4")}";
        bool estimates = parsed.GetValue(_estimate);
        OutputFile? output = estimates
            ? null
            : GenerationSession.Open(path, [.. _video.Inputs(parsed), .. _attention.Inputs(parsed), .. _codec.Inputs(parsed)]);
        using WanPipeline pipeline = Load(parsed, folder);
        request = request with { Attention = _attention.Read(parsed, path, request.StepCount, pipeline.Config) };
        if (output is null)
        {
            EstimateReport expected = new() { Estimate = pipeline.Estimate(request) };
            JsonOutput.WriteOrPrint(
                console, parsed.GetValue(_json), expected, CliJsonContext.Default.EstimateReport, GenerateTable.Print);
            return ExitCode.Done;
        }

        GenerationSession session = new(output, request, parsed.GetValue(_resume), CommandEcho.Of(parsed))
        {
            AllowsOtherArithmetic = parsed.GetValue(_otherArithmetic),
        };
        TextWriter? log = parsed.GetValue(_logSteps) ? console.ErrorWriter : null;
        GenerateReport report = ProgressDisplay.Run(
            console, bar => session.Run(pipeline, new GenerationDisplay(bar, log), cancellationToken));
        JsonOutput.WriteOrPrint(console, parsed.GetValue(_json), report, CliJsonContext.Default.GenerateReport, GenerateTable.Print);
        return ExitCode.Done;
    }

    private WanPipeline Load(ParseResult parsed, string folder)
    {
        BackendCatalogue backends = _backend.Open(parsed);
        WanOptions options = _codec.Apply(parsed, new WanOptions
        {
            Threads = backends.Threads,
            Kernels = new KernelSettings(backends.Selector, _backend.Backend(parsed)),
            MapReader = backends.MapReader,
            Precision = PrecisionOption.Read(parsed, _precision),
            TextLength = parsed.GetValue(_textLength),
        });
        try
        {
            return WanPipeline.LoadAsync(folder, options).GetAwaiter().GetResult();
        }
        catch (Exception fault) when (fault is DirectoryNotFoundException or CheckpointFormatException)
        {
            throw CheckpointAdvice.Unusable(fault);
        }
    }
}
