using System.Text.RegularExpressions;

namespace GpuCheck.Reporting;

/// <summary>What ptxas -v says of each entry point: registers, spills, stack.</summary>
internal static partial class AssemblerReport
{
    /// <summary>Kernel to the lines about it, joined; empty when the log has none.</summary>
    public static IReadOnlyDictionary<string, string> Of(string log)
    {
        Dictionary<string, string> kernels = [];
        string kernel = "";
        foreach (string line in log.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (Entry().Match(line) is { Success: true } entry)
            {
                kernel = entry.Groups[1].Value;
            }
            else if (kernel.Length > 0 && Fact().Match(line) is { Success: true } fact)
            {
                string text = fact.Groups[1].Value;
                kernels[kernel] = kernels.TryGetValue(kernel, out string? known) ? $"{known}; {text}" : text;
            }
        }

        return kernels;
    }

    [GeneratedRegex(@"Compiling entry function '(\w+)'", RegexOptions.CultureInvariant)]
    private static partial Regex Entry();

    [GeneratedRegex(@"((?:Used )?\d+ (?:bytes stack frame|registers).*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Fact();
}
