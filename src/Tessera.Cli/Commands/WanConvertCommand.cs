using System.CommandLine;
using Spectre.Console;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Terminal;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Conversion;
using Tessera.Wan.Initialization;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera wan convert</c>.</summary>
internal sealed class WanConvertCommand : CommandWithExamples
{
    private static readonly string[] Formats = ["bf16", "f16", "f8", "int8"];

    private readonly Argument<string> _source = new("folder")
    {
        Description = "A checkpoint folder in the original layout or that of diffusers, of .safetensors or .pth files.",
    };

    private readonly Option<string> _weights = new("--weights")
    {
        Description = "Format of the matrices: bf16, f16, f8 (E4M3, a scale for each matrix) or int8 (a scale for each row).",
        HelpName = "FORMAT",
        Required = true,
        CustomParser = result => NameOption.ParseOne(result, "--weights", Formats)!,
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "Folder to write; it must be new or empty.",
        HelpName = "DIR",
        Required = true,
    };

    private readonly Option<string[]> _parts = PartsOption.Create(PartsOption.All, "all that are there");

    private readonly Option<bool> _json = JsonOption.Create();

    public WanConvertCommand(CommandConsole console)
        : base(
            "convert", "Write a checkpoint anew in the original layout, its matrices in 16 or 8 bits, as safetensors files.",
            "tessera wan convert Wan2.1-T2V-1.3B --weights bf16 --output wan-bf16",
            "tessera wan convert Wan2.1-T2V-14B-Diffusers --weights int8 --parts transformer,text-encoder --output wan-int8")
    {
        Arguments.Add(_source);
        Options.Add(_weights);
        Options.Add(_output);
        Options.Add(_parts);
        Options.Add(_json);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        string source = parsed.GetValue(_source)!;
        string folder = parsed.GetValue(_output)!;
        string format = parsed.GetValue(_weights)!;
        WanParts parts = PartsOption.Read(parsed.GetValue(_parts)!);
        using CheckpointConversion conversion = new(WanCheckpoint.Find(source), (WeightFormat)Array.IndexOf(Formats, format), parts);
        if (conversion.Files.Count == 0)
        {
            throw CommandException.BadInput($"{source} holds none of the parts {string.Join(", ", parsed.GetValue(_parts)!)}.");
        }

        OutputFolder.RequireRoom(folder, conversion.ByteLength, "Write fewer --parts or a smaller format.");
        TimeSpan time = ShareProgress.Run(console, "converting", progress => conversion.Write(folder, progress, cancellationToken));
        WanConvertReport report = new()
        {
            Source = source,
            Checkpoint = folder,
            Weights = format,
            Files = conversion.Files,
            Bytes = conversion.ByteLength,
            Seconds = time.TotalSeconds,
        };
        JsonOutput.WriteOrPrint(
            console, parsed.GetValue(_json), report, CliJsonContext.Default.WanConvertReport,
            static (output, report) => output.WriteLine(
                $"wrote {report.Bytes / 1e6:0.0} MB ({string.Join(", ", report.Files)}) to {report.Checkpoint} "
                    + $"in {Figures.Duration(report.Seconds)}"));
        return ExitCode.Done;
    }
}
