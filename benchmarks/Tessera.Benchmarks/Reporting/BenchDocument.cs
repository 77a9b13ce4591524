using System.Text.Json;
using System.Text.Json.Nodes;
using Tessera.Benchmarks.Driver;
using Tessera.Serialization;

namespace Tessera.Benchmarks.Reporting;

/// <summary>
/// The JSON file: one part per section, each with the environment that it was measured in, so that sections measured on different days stay
/// apart. Parts of sections that are not run again are kept.
/// </summary>
internal sealed class BenchDocument
{
    private const int Version = 1;
    private const string VersionKey = "version";
    private const string SectionsKey = "sections";

    private readonly string _path;
    private readonly JsonObject _sections;
    private readonly JsonObject _root;

    private BenchDocument(string path, JsonObject sections)
    {
        _path = path;
        _sections = sections;
        _root = new JsonObject { [VersionKey] = Version, [SectionsKey] = sections };
    }

    /// <summary>How everything in the file is spelled: camel case, indented, with words for infinities.</summary>
    public static JsonSerializerOptions Format { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Reads the file, or starts an empty one when there is none.</summary>
    /// <exception cref="InvalidDataException">The file is of another kind or version; it is left alone.</exception>
    public static BenchDocument Open(string path)
    {
        if (!File.Exists(path))
        {
            return new BenchDocument(path, []);
        }

        try
        {
            JsonObject root = JsonNode.Parse(File.ReadAllBytes(path))!.AsObject();
            if ((int?)root[VersionKey] == Version && root[SectionsKey] is JsonObject sections)
            {
                root.Remove(SectionsKey);
                return new BenchDocument(path, sections);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
        }

        throw new InvalidDataException($"'{path}' is not a benchmark file of version {Version}; remove it or name another by --json.");
    }

    /// <summary>The part of a section that failed.</summary>
    public static JsonObject Failure(string reason) => new() { ["failure"] = reason };

    /// <summary>Replaces the part of a section.</summary>
    public void Store(string section, BenchEnvironment environment, TimeSpan duration, JsonObject part)
    {
        part["environment"] = JsonSerializer.SerializeToNode(environment, Format);
        part["seconds"] = Math.Round(duration.TotalSeconds, 1);
        _sections[section] = part;
    }

    /// <summary>Writes the file under a temporary name and renames it.</summary>
    public void Save()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        AtomicFile.Write(_path, stream => JsonSerializer.Serialize(stream, _root, Format));
    }
}
