using System.CommandLine;
using Tessera.Benchmarks.Commands;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Wan.Sections;
using Tessera.Cli.Commands;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Terminal;
using Tessera.Layout;

namespace Tessera.Benchmarks.Wan;

/// <summary><c>./bench wan</c>.</summary>
internal sealed class WanCommand : CommandWithExamples
{
    private static readonly string DefaultJson = Path.Combine("artifacts", "bench-wan.json");

    private readonly Option<string[]> _sections = SectionOption.Create(WanSections.All, "open", "forward");
    private readonly Option<string> _checkpoint = Folder(
        "--checkpoint", "Folder with a transformer and a video autoencoder of the 1.3B model.", Path.Combine("artifacts", "wan-1.3b"));

    private readonly Option<string> _textCheckpoint = Folder(
        "--text-checkpoint", "Folder with a umT5-XXL text encoder.", Path.Combine("artifacts", "wan-t5"));

    private readonly Option<TokenGrid[]> _grids = GridListOption.Create(
        "--grids", "Grids of tokens of section forward.", "5x16x16", "5x30x52");

    private readonly Option<bool> _denseOnly = new("--dense-only") { Description = "Leave PARO out of section forward." };
    private readonly Option<string?> _precision = PrecisionOption.Create();
    private readonly Option<int> _repeat = CountOption.Create(
        "--repeat", "Timed rounds; every contestant runs once in each.", 3, 1, 1000);

    private readonly Option<string> _json = new("--json")
    {
        Description = "JSON file; parts of sections that are not run are kept.",
        HelpName = "FILE",
        DefaultValueFactory = static _ => DefaultJson,
    };

    private readonly Option<string?> _markdown = new("--markdown")
    {
        Description = "Write the tables to a file as well.",
        HelpName = "FILE",
    };

    private readonly MachineOptions _machine;

    public WanCommand(CommandConsole console)
        : base(
            BenchCommands.Wan, "Measure Wan2.1 on weights of true size: opening, forward passes, text, video, memory.",
            "./bench wan --section open,forward", "./bench wan --section text --text-checkpoint wan-t5",
            "./bench wan --section all --json figures.json --markdown figures.md")
    {
        Option[] options = [_sections, _checkpoint, _textCheckpoint, _grids, _denseOnly, _precision, _repeat, _json, _markdown];
        Array.ForEach(options, Options.Add);
        _machine = MachineOptions.AddTo(this);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private static Option<string> Folder(string name, string description, string defaultValue) => new(name)
    {
        Description = description,
        HelpName = "DIR",
        DefaultValueFactory = _ => defaultValue,
    };

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        WanRequest request = new()
        {
            Sections = SectionOption.Find<IBenchSection<WanContext>, WanContext>(WanSections.All, parsed.GetValue(_sections)!),
            Checkpoint = parsed.GetValue(_checkpoint)!,
            TextCheckpoint = parsed.GetValue(_textCheckpoint)!,
            Grids = parsed.GetValue(_grids)!,
            SkipsParo = parsed.GetValue(_denseOnly),
            Precision = PrecisionOption.Read(parsed, _precision),
            Repeat = parsed.GetValue(_repeat),
            Options = _machine.Read(parsed),
        };
        string json = parsed.GetValue(_json)!;
        if (json == DefaultJson)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(json)!);
        }

        string? markdown = parsed.GetValue(_markdown);
        SectionRun run = new(request.Options, console, OutputFile.Open(json).FullPath)
        {
            MarkdownPath = markdown is null ? null : OutputFile.Open(markdown).FullPath,
        };
        return run.Run(request.Sections, new WanContext(request, console.ErrorWriter, cancellationToken));
    }
}
