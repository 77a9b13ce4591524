namespace Tessera.Benchmarks.Reporting;

/// <summary>
/// The part of a Markdown file between <c>&lt;!-- bench:NAME --&gt;</c> and <c>&lt;!-- /bench:NAME --&gt;</c>, which programs write.
/// </summary>
internal static class MarkedRegion
{
    /// <summary>The text with the region's content replaced.</summary>
    /// <exception cref="InvalidDataException">The markers are not there once each, in order.</exception>
    public static string Replace(string text, string name, string content)
    {
        string opening = $"<!-- bench:{name} -->";
        string closing = $"<!-- /bench:{name} -->";
        int start = text.IndexOf(opening, StringComparison.Ordinal);
        int end = text.IndexOf(closing, StringComparison.Ordinal);
        if (start < 0 || end < start || text.LastIndexOf(opening, StringComparison.Ordinal) != start)
        {
            throw new InvalidDataException($"The file needs the lines '{opening}' and '{closing}' once each, in this order.");
        }

        return $"{text[..(start + opening.Length)]}\n{content.Trim('\n')}\n{text[end..]}";
    }
}
