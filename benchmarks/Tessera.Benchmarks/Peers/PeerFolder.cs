using Tessera.Attention;

namespace Tessera.Benchmarks.Peers;

/// <summary>
/// The peers of a folder of scripts that are installed here. Servers start when they are first needed and stay until the folder is
/// disposed.
/// </summary>
internal sealed class PeerFolder : IDisposable
{
    /// <summary>Environment variable that names the folder where the command line does not.</summary>
    public const string Variable = "TESSERA_PEERS";

    private readonly string _folder;
    private readonly int _threads;
    private readonly Dictionary<PeerEngine, PeerServer> _servers = [];

    private PeerFolder(string folder, int threads, IReadOnlyDictionary<PeerEngine, string> versions, IReadOnlyList<string> absences)
    {
        _folder = folder;
        _threads = threads;
        Versions = versions;
        Absences = absences;
    }

    /// <summary>The engines that can run, with their versions.</summary>
    public IReadOnlyDictionary<PeerEngine, string> Versions { get; }

    /// <summary>One line for each engine that cannot run: why, and what to do.</summary>
    public IReadOnlyList<string> Absences { get; }

    /// <summary>Looks at a folder. None of its scripts is started yet.</summary>
    /// <param name="folder">Folder of the scripts, or null for the environment variable or the default beside the repository.</param>
    /// <param name="threads">Threads that peers may use.</param>
    public static PeerFolder Open(string? folder, int threads)
    {
        folder ??= Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : Path.Combine("..", "shared", "peers");
        Dictionary<PeerEngine, string> versions = [];
        List<string> absences = [];
        foreach (PeerEngine engine in PeerEngine.All)
        {
            if (!File.Exists(Path.Combine(folder, engine.Script)))
            {
                absences.Add(
                    $"{engine.Name} is not compared: folder '{folder}' has no {engine.Script}; "
                        + $"name one that has by --peers or {Variable}.");
            }
            else if (engine.FindVersion() is { } version)
            {
                versions[engine] = version;
            }
            else
            {
                absences.Add($"{engine.Name} is not compared: {engine.Program} cannot load it; install it: {engine.Remedy}.");
            }
        }

        return new PeerFolder(folder, threads, versions, absences);
    }

    /// <summary>The operation as a contestant, or null when the engine that has it cannot run.</summary>
    public PeerContestant? Contestant(string operation, AttentionShape shape)
    {
        PeerEngine engine = PeerEngine.All.First(engine => engine.Operations.Contains(operation));
        if (!Versions.TryGetValue(engine, out string? version))
        {
            return null;
        }

        if (!_servers.TryGetValue(engine, out PeerServer? server))
        {
            server = _servers[engine] = new PeerServer(engine, _folder, _threads);
        }

        return new PeerContestant(server, version, operation, shape);
    }

    /// <summary>Stops the servers, which frees their memory; a later contestant starts them again.</summary>
    public void StopServers()
    {
        foreach (PeerServer server in _servers.Values)
        {
            server.Dispose();
        }

        _servers.Clear();
    }

    public void Dispose() => StopServers();
}
