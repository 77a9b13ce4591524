using System.Globalization;
using System.Text.RegularExpressions;

namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>
/// Registers of wgmma between start and wait, along the text of a kernel: accumulators and fragments, which nothing else may touch. An
/// assembler that sees it done waits after every product instead, and says so only in a remark.
/// </summary>
internal sealed class ProductFlight
{
    private readonly Queue<HashSet<string>> _groups = [];
    private HashSet<string> _open = [];

    /// <summary>Reads the next line and answers a register that it touches in flight; null when it touches none.</summary>
    public string? Pass(string line)
    {
        if (line.Contains("wgmma.mma_async", StringComparison.Ordinal))
        {
            foreach (Match tuple in Regex.Matches(line[line.IndexOf("wgmma", StringComparison.Ordinal)..], @"\{([^}]*)\}", RegexOptions.CultureInvariant))
            {
                _open.UnionWith(tuple.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries));
            }

            return null;
        }

        if (line.StartsWith("wgmma.commit_group", StringComparison.Ordinal))
        {
            _groups.Enqueue(_open);
            _open = [];
        }
        else if (Regex.Match(line, @"^wgmma\.wait_group\.sync\.aligned (\d+)", RegexOptions.CultureInvariant) is { Success: true } wait)
        {
            int pending = int.Parse(wait.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            while (_groups.Count > pending)
            {
                _groups.Dequeue();
            }
        }

        return Regex.Matches(line, @"%\w+", RegexOptions.CultureInvariant).Select(static match => match.Value)
            .FirstOrDefault(register => _open.Contains(register) || _groups.Any(group => group.Contains(register)));
    }
}
