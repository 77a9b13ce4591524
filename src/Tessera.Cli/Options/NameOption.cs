using System.CommandLine.Parsing;

namespace Tessera.Cli.Options;

/// <summary>Options whose value is one of a few names; a wrong one is answered with all of them in one line.</summary>
internal static class NameOption
{
    /// <summary>The name, or null with an error on the result.</summary>
    public static string? ParseOne(ArgumentResult result, string what, IEnumerable<string> wanted) =>
        Check(result, result.Tokens[0].Value, what, wanted);

    /// <summary>Names separated by commas, or none with an error on the result.</summary>
    public static string[] ParseList(ArgumentResult result, string what, IEnumerable<string> wanted)
    {
        string?[] names =
            [.. result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries).Select(name => Check(result, name, what, wanted))];
        return [.. names.OfType<string>()];
    }

    private static string? Check(ArgumentResult result, string name, string what, IEnumerable<string> wanted)
    {
        if (wanted.Contains(name))
        {
            return name;
        }

        result.AddError($"{what} '{name}' is unknown; wanted one of {string.Join(", ", wanted)}.");
        return null;
    }
}
