using System.Globalization;
using System.Text.Json;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Launch;

namespace Tessera.Cuda.Verification;

/// <summary>
/// Which kernels hardware has verified: <c>gpu/verified.json</c> as it was when this package was built. Hashes are computed anew, so a
/// kernel whose source, headers or options changed since is not verified, whatever the file says. Immutable.
/// </summary>
public sealed class VerificationManifest
{
    private const int FormatVersion = 1;

    private readonly Dictionary<(string Kernel, string Hash), VerifiedKernel> _rows = [];
    private readonly HashSet<string> _known = [];

    private VerificationManifest(VerificationDocument document)
    {
        foreach (VerifiedKernel row in document.Kernels)
        {
            if (!_rows.TryAdd((row.Kernel, row.Hash), row))
            {
                throw new FormatException($"verified.json has kernel {row.Kernel} with hash {row.Hash} twice; keep the newer.");
            }

            _known.Add(row.Kernel);
        }
    }

    /// <summary>The manifest of this package.</summary>
    public static VerificationManifest Shared { get; } = Load();

    /// <summary>Rows of the file.</summary>
    public IReadOnlyCollection<VerifiedKernel> Rows => _rows.Values;

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="FormatException">It is not one of this version.</exception>
    public static VerificationManifest Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            VerificationDocument document = JsonSerializer.Deserialize(json, VerificationJsonContext.Default.VerificationDocument)
                ?? throw new FormatException("verified.json is empty.");
            return document.Version == FormatVersion
                ? new VerificationManifest(document)
                : throw new FormatException($"verified.json has version {document.Version}; this build reads {FormatVersion}.");
        }
        catch (JsonException fault)
        {
            throw new FormatException($"verified.json cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>The manifest with rows of a later run, which replace those of equal kernel and options.</summary>
    public VerificationManifest With(IEnumerable<VerifiedKernel> rows)
    {
        List<VerifiedKernel> later = [.. rows];
        HashSet<(string, string)> replaced = [.. later.Select(static row => (row.Kernel, row.Options))];
        IEnumerable<VerifiedKernel> kept = Rows.Where(row => !replaced.Contains((row.Kernel, row.Options)));
        return new VerificationManifest(new VerificationDocument(FormatVersion, [.. kept, .. later]));
    }

    /// <summary>The text of the file, rows by kernel and options.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new VerificationDocument(
            FormatVersion,
            [.. Rows.OrderBy(static row => row.Kernel, StringComparer.Ordinal).ThenBy(static row => row.Options, StringComparer.Ordinal)]),
        VerificationJsonContext.Default.VerificationDocument) + "\n";

    /// <summary>All kernels that run on an architecture, as NVRTC compiles them for it.</summary>
    /// <param name="architecture">Compute capability times ten.</param>
    public IReadOnlyList<KernelVerification> Examine(int architecture) =>
    [
        .. KernelCatalogue.Modules.Where(module => module.MinimumArchitecture <= architecture)
            .SelectMany(module => module.Kernels.Select(kernel => StateOf(kernel, HashOf(module, architecture))))
            .OrderBy(static state => state.Kernel, StringComparer.Ordinal),
    ];

    /// <summary>State of a kernel of a hash.</summary>
    internal KernelVerification StateOf(string kernel, string hash)
    {
        VerifiedKernel? row = _rows.GetValueOrDefault((kernel, hash));
        string reason = row is not null
            ? string.Create(CultureInfo.InvariantCulture, $"verified on {row.Device}, CUDA {row.Driver}, {row.Date:yyyy-MM-dd}")
            : _known.Contains(kernel) ? "it changed, or is compiled otherwise, since a run on hardware verified it"
            : "no run on hardware has verified it yet";
        return new KernelVerification(kernel, hash, row, reason);
    }

    /// <summary>Identity of a module as NVRTC compiles it for an architecture.</summary>
    internal static string HashOf(KernelModule module, int architecture) =>
        KernelSource.Load(module).Fingerprint(NvrtcCompiler.OptionsFor(module, architecture));

    private static VerificationManifest Load()
    {
        using Stream stream = KernelSource.OpenResource("verified.json")
            ?? throw new InvalidOperationException("Resource verified.json is missing from Tessera.Cuda.");
        using StreamReader reader = new(stream);
        return Parse(reader.ReadToEnd());
    }
}
