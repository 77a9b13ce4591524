using System.CommandLine;
using System.Text;
using System.Text.Json;
using Tessera.Cli.Options;
using Tessera.Cli.Terminal;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Text;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera wan tokenize</c>.</summary>
internal sealed class WanTokenizeCommand : CommandWithExamples
{
    private static readonly string[] EndMarks = ["auto", "always", "never"];

    private readonly Option<string> _model = new("--model", "-m")
    {
        Description = "A SentencePiece Unigram model (spiece.model), or the folder of a Wan2.1 checkpoint that holds one.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<string> _eos = new("--eos")
    {
        Description = "End mark behind the ids: always, never, or auto, which is where the special ids are those of umT5.",
        HelpName = "WHEN",
        DefaultValueFactory = _ => EndMarks[0],
        CustomParser = result => NameOption.ParseOne(result, "--eos", EndMarks)!,
    };
    private readonly Option<int?> _length = CountOption.CreateOptional(
        "--length", "Cut to that many ids, the end mark included; the Wan2.1 text encoder takes 512.", 1, int.MaxValue);
    private readonly Option<bool> _clean = new("--clean")
    {
        Description = "Clean the text first, as Wan2.1 does: decode HTML references, make each run of white space one space.",
    };
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Read one JSON string a line and answer one object {\"ids\":[...]} a line.",
    };

    public WanTokenizeCommand(CommandConsole console)
        : base(
            "tokenize", "Turn lines of text on standard input into the ids that the Wan2.1 text encoder reads.",
            "tessera wan tokenize --model spiece.model",
            "tessera wan tokenize --model spiece.model --json",
            "tessera wan tokenize --model spiece.model --clean --length 512")
    {
        Options.Add(_model);
        Options.Add(_eos);
        Options.Add(_length);
        Options.Add(_clean);
        Options.Add(_json);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        UnigramTokenizer unigram = Load(parsed.GetValue(_model)!);
        bool marksEnd = parsed.GetValue(_eos) is { } when && (when == "auto" ? unigram.Model.HasUmt5Layout : when == "always");
        PromptTokenizer? prompt = marksEnd ? new PromptTokenizer(unigram) : null;
        int length = parsed.GetValue(_length) ?? int.MaxValue;
        bool clean = parsed.GetValue(_clean);
        bool json = parsed.GetValue(_json);
        using TextReader input = console.OpenInput();
        int number = 0;
        while (input.ReadLine() is { } line)
        {
            cancellationToken.ThrowIfCancellationRequested();
            number++;
            string text = json ? ReadJson(line, number) : line;
            text = clean ? PromptCleaner.Clean(text) : text;
            int[] ids = prompt?.Encode(text, length) ?? Cut(unigram.Encode(text), length);
            console.OutputWriter.WriteLine(json ? $"{{\"ids\":[{string.Join(',', ids)}]}}" : string.Join(' ', ids));
        }

        return ExitCode.Done;
    }

    private static UnigramTokenizer Load(string path) =>
        Directory.Exists(path) ? WanCheckpoint.Find(path).OpenTokenizer().Unigram : UnigramTokenizer.Load(path);

    private static int[] Cut(int[] ids, int length) => ids.Length <= length ? ids : ids[..length];

    private static string ReadJson(string line, int number)
    {
        try
        {
            Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(line));
            if (reader.Read() && reader.TokenType == JsonTokenType.String)
            {
                string text = reader.GetString()!;

                // Anything but white space behind the string is a JsonException.
                _ = reader.Read();
                return text;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw CommandException.BadInput($"line {number} is not a JSON string ({error.Message.TrimEnd('.')}).", error);
        }

        throw CommandException.BadInput($"line {number} is not a JSON string; wanted one such as \"a red fox\".");
    }
}
