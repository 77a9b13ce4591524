using System.CommandLine;
using Tessera.Attention;
using Tessera.Cli.Running;

namespace Tessera.Cli.Options;

/// <summary><c>--backend</c> and <c>--threads</c>.</summary>
internal sealed class BackendOptions
{
    private readonly Option<string> _backend = new("--backend")
    {
        Description = "Machine that runs the plan. auto takes the first that can and says why; a name never falls back.",
        HelpName = string.Join('|', BackendCatalogue.Names),
        DefaultValueFactory = static _ => BackendSelector.Auto,
        CustomParser = static result => NameOption.ParseOne(result, "Backend", BackendCatalogue.Names) ?? BackendSelector.Auto,
    };

    private readonly Option<int> _threads = CountOption.Create("--threads", "Threads of the cpu backend; 0 uses every core.", 0, 0, 1024);

    private BackendOptions()
    {
    }

    public static BackendOptions AddTo(Command command)
    {
        BackendOptions options = new();
        command.Options.Add(options._backend);
        command.Options.Add(options._threads);
        return options;
    }

    public string Backend(ParseResult parsed) => parsed.GetValue(_backend)!;

    public BackendCatalogue Open(ParseResult parsed) => new(parsed.GetValue(_threads));
}
