using System.CommandLine;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Pipeline;

namespace Tessera.Cli.Options;

/// <summary>What decodes: <c>--codec</c>, <c>--tiny-codec</c>, <c>--tiles</c>.</summary>
internal sealed class CodecOptions
{
    private const string Own = "wan";
    private const string Tiny = "tiny";
    private static readonly string[] Names = [Own, Tiny];

    private readonly Option<string?> _codec = new("--codec")
    {
        Description = "wan: the checkpoint's own autoencoder. tiny: the small TAEHV decoder of --tiny-codec, faster and rougher. Default: "
            + "tiny where --tiny-codec is given, else wan.",
        HelpName = string.Join('|', Names),
        CustomParser = static result => NameOption.ParseOne(result, "Codec", Names),
    };
    private readonly Option<string?> _file = new("--tiny-codec")
    {
        Description = "Weights of the small decoder, taew2_1.pth or .safetensors.",
        HelpName = "FILE",
    };
    private readonly Option<bool> _tiles = new("--tiles")
    {
        Description = "Decode frames in overlapping tiles of 256 pixels: less memory, and slightly other pixels where tiles meet.",
    };

    private CodecOptions()
    {
    }

    /// <summary>Adds the options to a command.</summary>
    public static CodecOptions AddTo(Command command)
    {
        CodecOptions options = new();
        command.Options.Add(options._codec);
        command.Options.Add(options._file);
        command.Options.Add(options._tiles);
        command.Validators.Add(result =>
        {
            string? codec = result.GetResult(options._codec)?.Tokens is [{ Value: { } word }, ..] ? word : null;
            bool hasFile = result.GetResult(options._file) is { Implicit: false };
            if (codec == Tiny && !hasFile)
            {
                result.AddError("--codec tiny needs --tiny-codec with the file of its weights (taew2_1.pth of the TAEHV project).");
            }
            else if (codec == Own && hasFile)
            {
                result.AddError("--tiny-codec is for --codec tiny; leave one of them out.");
            }
        });
        return options;
    }

    /// <summary>Files that are read.</summary>
    public IEnumerable<string?> Inputs(ParseResult parsed) => [parsed.GetValue(_file)];

    /// <summary>The options of a pipeline with these.</summary>
    public WanOptions Apply(ParseResult parsed, WanOptions options) => options with
    {
        TinyCodecPath = parsed.GetValue(_file),
        Tiling = parsed.GetValue(_tiles) ? FrameTiling.Default : null,
    };
}
