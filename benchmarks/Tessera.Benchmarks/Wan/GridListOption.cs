using System.CommandLine;
using System.CommandLine.Parsing;
using Tessera.Layout;

namespace Tessera.Benchmarks.Wan;

/// <summary>Grids of tokens, separated by commas.</summary>
internal static class GridListOption
{
    public static Option<TokenGrid[]> Create(string name, string description, params string[] defaults) => new(name)
    {
        Description = description,
        HelpName = "FxHxW,..",
        DefaultValueFactory = _ => [.. defaults.Select(TokenGrid.Parse)],
        CustomParser = result => Parse(result, name),
    };

    private static TokenGrid[] Parse(ArgumentResult result, string name)
    {
        try
        {
            return [.. result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries).Select(TokenGrid.Parse)];
        }
        catch (FormatException error)
        {
            result.AddError($"{name}: {error.Message}");
            return [];
        }
    }
}
