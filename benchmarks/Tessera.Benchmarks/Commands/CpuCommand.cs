using System.CommandLine;
using Tessera.Attention;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Peers;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Sections;
using Tessera.Cli;
using Tessera.Cli.Commands;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Terminal;

namespace Tessera.Benchmarks.Commands;

/// <summary><c>./bench cpu</c>.</summary>
internal sealed class CpuCommand : CommandWithExamples
{
    private static readonly string DefaultJson = Path.Combine("artifacts", "bench-cpu.json");

    private readonly Option<string[]> _sections = SectionOption.Create(SectionCatalogue.All, PeersSection.SectionName);
    private readonly Option<int> _length = CountOption.Create("--length", "Tokens.", 4096, 64);
    private readonly Option<int> _heads = CountOption.Create("--heads", "Heads.", 4, 1, 1024);
    private readonly Option<int[]> _headDims = ListOption.Counts(
        "--dims", "Channels of a head, separated by commas.", [128, 64], 1, AttentionShape.MaximumHeadDim);
    private readonly Option<int> _repeat = CountOption.Create("--repeat", "Timed rounds; every contestant runs once in each.", 9, 1, 1000);
    private readonly Option<BenchCase[]> _cases = ListOption.Cases("fp32", "int8", "k4v4", "int8@0.25", "k4v4@0.2");
    private readonly Option<string?> _peers = new("--peers")
    {
        Description = $"Folder of the peer scripts. Default: {PeerFolder.Variable}, else ../shared/peers.",
        HelpName = "DIR",
    };

    private readonly Option<string[]> _peerOperations = ListOption.Names(
        "--peer-ops", "Operations of peers, separated by commas", [.. PeerEngine.All.SelectMany(static engine => engine.Operations)],
        [.. PeerEngine.All.Select(static engine => engine.Operations[0])]);

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

    private readonly Option<bool> _readme = new("--readme")
    {
        Description = "Rewrite the README's figures between its markers from section peers; needs ONNX Runtime.",
    };

    private readonly Option<string> _plots = new("--plots")
    {
        Description = "Folder for plots.",
        HelpName = "DIR",
        DefaultValueFactory = static _ => "artifacts",
    };

    private readonly MachineOptions _machine;

    public CpuCommand(CommandConsole console)
        : base(
            BenchCommands.Cpu,
            "Measure the CPU backend: against its peers, by density, threads and format, its first call, its stages and its memory.",
            "./bench cpu --peers ../peers",
            "./bench cpu --section density,scaling --dims 128 --repeat 5",
            "./bench cpu --section all --json figures.json --markdown figures.md")
    {
        Option[] options =
        [
            _sections, _length, _heads, _headDims, _repeat, _cases, _peers, _peerOperations, _json, _markdown, _readme, _plots,
        ];
        Array.ForEach(options, Options.Add);
        _machine = MachineOptions.AddTo(this);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        CpuRequest request = new()
        {
            Sections = SectionOption.Find<IBenchSection, BenchContext>(SectionCatalogue.All, parsed.GetValue(_sections)!),
            Length = parsed.GetValue(_length),
            Heads = parsed.GetValue(_heads),
            HeadDims = parsed.GetValue(_headDims)!,
            Repeat = parsed.GetValue(_repeat),
            Cases = parsed.GetValue(_cases)!,
            PeerOperations = parsed.GetValue(_peerOperations)!,
            PeersFolder = parsed.GetValue(_peers),
            Options = _machine.Read(parsed),
            PlotFolder = parsed.GetValue(_plots)!,
        };
        if (parsed.GetValue(_readme) && !request.Sections.Any(static section => section.Name == PeersSection.SectionName))
        {
            throw CommandException.Usage("--readme writes the figures of section peers; add it to --section.");
        }

        string json = parsed.GetValue(_json)!;
        if (json == DefaultJson)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(json)!);
        }

        string? markdown = parsed.GetValue(_markdown);
        CpuBench bench = new(request, console, OutputFile.Open(json).FullPath)
        {
            MarkdownPath = markdown is null ? null : OutputFile.Open(markdown).FullPath,
            Readme = parsed.GetValue(_readme) ? new ReadmeFigures("README.md") : null,
        };
        return bench.Run(cancellationToken);
    }
}
