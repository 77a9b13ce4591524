using System.Globalization;

namespace Tessera.Cli.Plans;

/// <summary>Ascending block numbers as ranges: <c>0-3,17,40-41</c>; empty text for none.</summary>
internal static class BlockRanges
{
    public static string Format(ReadOnlySpan<int> blocks)
    {
        List<string> ranges = [];
        for (int start = 0; start < blocks.Length;)
        {
            int end = start + 1;
            while (end < blocks.Length && blocks[end] == blocks[end - 1] + 1)
            {
                end++;
            }

            ranges.Add(end - start == 1 ? $"{blocks[start]}" : $"{blocks[start]}-{blocks[end - 1]}");
            start = end;
        }

        return string.Join(',', ranges);
    }

    /// <summary>The ranges of a text as (first, last).</summary>
    /// <exception cref="FormatException">The text is not of that form, or a block lies outside 0..<paramref name="count"/> - 1.</exception>
    public static IEnumerable<(int First, int Last)> Parse(string text, int count)
    {
        foreach (string range in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] ends = range.Split('-');
            bool isRange = int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first);
            int last = first;
            isRange = isRange
                && (ends.Length == 1
                    || (ends.Length == 2 && int.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out last)));
            if (!isRange || first > last || last >= count)
            {
                throw new FormatException($"Block range '{range}' is not FIRST-LAST within 0 to {count - 1}.");
            }

            yield return (first, last);
        }
    }
}
