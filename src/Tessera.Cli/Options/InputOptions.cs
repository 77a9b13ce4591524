using System.CommandLine;
using System.CommandLine.Parsing;
using Tessera.Attention;
using Tessera.Cli.Inputs;

namespace Tessera.Cli.Options;

/// <summary><c>--input</c> with what describes it: <c>--grid</c>, <c>--text</c>, <c>--heads</c> and <c>--dim</c>.</summary>
internal sealed class InputOptions
{
    private readonly Option<string[]> _input;
    private readonly Option<int?> _heads = CountOption.CreateOptional("--heads", "Heads to make of a clip, or of 'structured'.", 1, 1024);
    private readonly Option<int?> _headDim = CountOption.CreateOptional(
        "--dim", "Channels of a head to make of a clip, or of 'structured'.", 16, AttentionShape.MaximumHeadDim);

    private readonly GridOptions _grid;

    private InputOptions(Command command, bool isRequired, string description)
    {
        _input = new Option<string[]>("--input", "-i")
        {
            Description = description,
            HelpName = "FILE",
            Required = isRequired,
            AllowMultipleArgumentsPerToken = true,
        };
        command.Options.Add(_input);
        _grid = GridOptions.AddTo(command);
        command.Options.Add(_heads);
        command.Options.Add(_headDim);
        command.Validators.Add(Validate);
    }

    /// <summary>Adds the options to a command.</summary>
    public static InputOptions AddTo(Command command, bool isRequired = true) => new(
        command,
        isRequired,
        "A .safetensors file with query, key and value, three .npy files (query key value), a video clip, or one of the words "
        + $"'{ClipInput.GeneratedWord}' (a drawn clip) and '{StructuredInput.Word}' (heads of every kind).");

    /// <summary>What was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="absent">What an absent <c>--input</c> means, where it may be absent.</param>
    public InputRequest Read(ParseResult parsed, string absent = "")
    {
        string[] files = parsed.GetValue(_input) is { Length: > 0 } given ? given : [absent];
        return new InputRequest(files, _grid.Read(parsed), parsed.GetValue(_heads), parsed.GetValue(_headDim));
    }

    // Command validators run before option values are converted, so they look at the words themselves.
    private void Validate(CommandResult result)
    {
        string first = result.GetResult(_input)?.Tokens is [Token token, ..] ? token.Value : "";
        if (Path.GetExtension(first) is ".safetensors" or ".npy" && (result.GetResult(_heads) ?? result.GetResult(_headDim)) is { } made)
        {
            result.AddError($"{made.Option.Name} is for clips and 'structured'; {first} has heads of its own.");
        }
    }
}
