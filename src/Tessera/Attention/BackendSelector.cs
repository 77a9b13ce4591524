namespace Tessera.Attention;

/// <summary>
/// Chooses the backend for a plan. <c>auto</c> takes the first that can run it, in the order given, and says why the others were refused;
/// an explicit name that cannot run is an error with its reason, never a fallback.
/// </summary>
public sealed class BackendSelector
{
    private readonly IReadOnlyList<IAttentionBackend> _backends;

    /// <summary>A selector over backends in order of preference.</summary>
    public BackendSelector(IReadOnlyList<IAttentionBackend> backends)
    {
        ArgumentNullException.ThrowIfNull(backends);
        _backends = backends;
    }

    /// <summary>The name that lets the selector choose.</summary>
    public const string Auto = "auto";

    /// <summary>Names that can be asked for.</summary>
    public IEnumerable<string> Names => _backends.Select(static backend => backend.Name).Prepend(Auto);

    /// <summary>Chooses a backend.</summary>
    /// <param name="name"><see cref="Auto"/> or the name of a backend.</param>
    /// <param name="plan">The plan to run.</param>
    /// <exception cref="ArgumentException">No backend has that name; the message lists them.</exception>
    /// <exception cref="BackendUnavailableException">The named backend, or with auto every backend, cannot run the plan; the message says
    /// why.</exception>
    public BackendChoice Select(string name, AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(plan);
        List<string> refused = [];
        foreach (IAttentionBackend backend in _backends)
        {
            if (name != Auto && name != backend.Name)
            {
                continue;
            }

            BackendSupport support = backend.Supports(plan);
            if (support.IsSupported)
            {
                return new BackendChoice(backend, support.Reason, refused);
            }

            refused.Add($"{backend.Name}: {support.Reason}");
        }

        throw refused.Count == 0
            ? new ArgumentException($"Backend '{name}' is unknown; wanted one of {string.Join(", ", Names)}.", nameof(name))
            : new BackendUnavailableException($"Plan '{plan.Name}' cannot run here. {string.Join("; ", refused)}.");
    }
}
