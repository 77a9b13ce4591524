using System.Diagnostics;
using System.Globalization;

namespace Tessera.Benchmarks.Probes;

/// <summary>Memory of this process.</summary>
internal static class ProcessMemory
{
    private const string Status = "/proc/self/status";
    private const string Peak = "VmHWM:";

    /// <summary>Largest resident set so far in bytes, pages of mapped files included.</summary>
    public static long PeakWorkingSet()
    {
        if (!File.Exists(Status))
        {
            return Process.GetCurrentProcess().PeakWorkingSet64;
        }

        string line = File.ReadLines(Status).First(static line => line.StartsWith(Peak, StringComparison.Ordinal));
        return long.Parse(line[Peak.Length..^"kB".Length], NumberStyles.Integer, CultureInfo.InvariantCulture) << 10;
    }
}
