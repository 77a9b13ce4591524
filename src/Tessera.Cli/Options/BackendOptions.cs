using System.CommandLine;
using Tessera.Attention;
using Tessera.Cli.Running;

namespace Tessera.Cli.Options;

/// <summary><c>--backend</c>, <c>--threads</c> and <c>--allow-unverified-kernels</c>.</summary>
internal sealed class BackendOptions
{
    private const string Cuda = "cuda";

    private readonly Option<string> _backend = new("--backend")
    {
        Description = "Machine that runs the plan. auto takes the first that can and says why; a name never falls back.",
        HelpName = string.Join('|', BackendCatalogue.Names),
        DefaultValueFactory = static _ => BackendSelector.Auto,
        CustomParser = static result => NameOption.ParseOne(result, "Backend", BackendCatalogue.Names) ?? BackendSelector.Auto,
    };

    private readonly Option<int> _threads = CountOption.Create("--threads", "Threads of the cpu backend; 0 uses every core.", 0, 0, 1024);

    private readonly Option<bool> _unverified = new("--allow-unverified-kernels")
    {
        Description = "With --backend cuda: run kernels that no run on hardware has verified (tessera doctor lists them).",
    };

    private BackendOptions()
    {
    }

    public static BackendOptions AddTo(Command command)
    {
        BackendOptions options = new();
        command.Options.Add(options._backend);
        command.Options.Add(options._threads);
        command.Options.Add(options._unverified);
        command.Validators.Add(result =>
        {
            if (result.GetValue(options._unverified) && result.GetValue(options._backend) != Cuda)
            {
                result.AddError("--allow-unverified-kernels goes with --backend cuda: unverified kernels run only when asked for by name.");
            }
        });
        return options;
    }

    public string Backend(ParseResult parsed) => parsed.GetValue(_backend)!;

    public BackendCatalogue Open(ParseResult parsed) => new(parsed.GetValue(_threads), parsed.GetValue(_unverified));
}
