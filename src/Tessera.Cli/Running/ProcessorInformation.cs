using System.Runtime.InteropServices;

namespace Tessera.Cli.Running;

/// <summary>What the operating system says about the processor; empty where it says nothing.</summary>
internal static class ProcessorInformation
{
    private const string LinuxProcessors = "/proc/cpuinfo";
    private const string LinuxCaches = "/sys/devices/system/cpu/cpu0/cache";
    private static readonly Lazy<Dictionary<string, string>> Fields = new(ReadFields);

    public static string Model =>
        Field("model name")
            ?? Field("Hardware")
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
            ?? $"{RuntimeInformation.ProcessArchitecture} processor";

    /// <summary>Data cache sizes from the core outwards, for example <c>L1 48K, L2 2048K, L3 36864K</c>.</summary>
    public static string Caches
    {
        get
        {
            if (!Directory.Exists(LinuxCaches))
            {
                return "";
            }

            return string.Join(", ", Directory.GetDirectories(LinuxCaches, "index*").Order(StringComparer.Ordinal)
                .Where(static index => ReadLine(index, "type") is "Data" or "Unified")
                .Select(static index => $"L{ReadLine(index, "level")} {ReadLine(index, "size")}"));
        }
    }

    public static bool HasFlag(string flag) => (Field("flags") ?? Field("Features") ?? "").Split(' ').Contains(flag);

    private static string? Field(string name) => Fields.Value.GetValueOrDefault(name);

    private static string ReadLine(string folder, string file)
    {
        string path = Path.Combine(folder, file);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : "?";
    }

    private static Dictionary<string, string> ReadFields()
    {
        Dictionary<string, string> fields = [];
        if (!File.Exists(LinuxProcessors))
        {
            return fields;
        }

        // The first processor is enough; all share model and flags on machines we run on.
        foreach (string line in File.ReadLines(LinuxProcessors).TakeWhile(static line => line.Length > 0))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                fields.TryAdd(line[..colon].Trim(), line[(colon + 1)..].Trim());
            }
        }

        return fields;
    }
}
