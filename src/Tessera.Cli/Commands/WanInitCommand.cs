using System.CommandLine;
using Spectre.Console;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Cli.Terminal;
using Tessera.Serialization;
using Tessera.Wan.Initialization;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera wan init</c>.</summary>
internal sealed class WanInitCommand : CommandWithExamples
{
    private static readonly string[] Configs = ["tiny", "1.3b", "14b"];
    private static readonly string[] Types = ["f32", "bf16", "f16"];

    private readonly Option<string> _config = new("--config")
    {
        Description = $"Sizes of the model: {string.Join(", ", Configs)}.",
        HelpName = "NAME",
        Required = true,
        CustomParser = result => NameOption.ParseOne(result, "--config", Configs)!,
    };
    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Folder to write; it must be new or empty. Default: wan-NAME-random.",
        HelpName = "DIR",
    };
    private readonly Option<int> _seed = CountOption.Create("--seed", "Seed of the weights; equal seeds give equal files.", 0, 0);
    private readonly Option<string> _type = new("--type")
    {
        Description = "Element type of the transformer: f32, bf16 or f16; by default f32, and bf16 for 14b. The text encoder is bf16, "
            + "the vae f32.",
        HelpName = "TYPE",
        DefaultValueFactory = _ => "",
        CustomParser = result => NameOption.ParseOne(result, "--type", Types)!,
    };
    private readonly Option<string[]> _parts = PartsOption.Create(PartsOption.Model, "all but the last");
    private readonly Option<bool> _json = JsonOption.Create();

    public WanInitCommand(CommandConsole console)
        : base(
            "init", "Write a checkpoint of random weights in a model's true size, for tests and benchmarks.",
            "tessera wan init --config tiny --seed 1",
            "tessera wan init --config 1.3b --type bf16 --parts transformer --output wan-1.3b")
    {
        Options.Add(_config);
        Options.Add(_output);
        Options.Add(_seed);
        Options.Add(_type);
        Options.Add(_parts);
        Options.Add(_json);
        SetAction((parsed, cancellationToken) => Task.FromResult(Execute(parsed, console, cancellationToken)));
    }

    private int Execute(ParseResult parsed, CommandConsole console, CancellationToken cancellationToken)
    {
        string config = parsed.GetValue(_config)!;
        string folder = parsed.GetValue(_output) ?? $"wan-{config}-random";
        string[] parts = parsed.GetValue(_parts)!;
        RandomCheckpoint checkpoint = new(
            SizesOf(config), (ulong)parsed.GetValue(_seed), PartsOption.Read(parts), TypeOf(parsed.GetValue(_type)!, config));
        OutputFolder.RequireRoom(folder, checkpoint.ByteLength, "Write fewer --parts or a smaller --type.");
        TimeSpan time = ShareProgress.Run(console, "writing", progress => checkpoint.Write(folder, progress, cancellationToken));
        WanInitReport report = new()
        {
            Checkpoint = folder,
            Config = config,
            Seed = parsed.GetValue(_seed),
            Parts = parts,
            Bytes = checkpoint.ByteLength,
            Seconds = time.TotalSeconds,
        };
        JsonOutput.WriteOrPrint(
            console, parsed.GetValue(_json), report, CliJsonContext.Default.WanInitReport,
            static (output, report) => output.WriteLine(
                $"wrote {report.Bytes / 1e6:0.0} MB of random weights ({string.Join(", ", report.Parts)}) to {report.Checkpoint} "
                    + $"in {Figures.Duration(report.Seconds)}; tessera wan inspect describes them"));

        return ExitCode.Done;
    }

    private static WanModelSizes SizesOf(string config) => config switch
    {
        "tiny" => WanModelSizes.Tiny,
        "1.3b" => WanModelSizes.Small,
        _ => WanModelSizes.Large,
    };

    private static TensorDataType TypeOf(string type, string config) => type switch
    {
        "f32" => TensorDataType.Float32,
        "bf16" => TensorDataType.BFloat16,
        "f16" => TensorDataType.Float16,
        _ => config == "14b" ? TensorDataType.BFloat16 : TensorDataType.Float32,
    };
}
