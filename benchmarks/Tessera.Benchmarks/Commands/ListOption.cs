using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Tessera.Benchmarks.Driver;
using Tessera.Cli.Options;

namespace Tessera.Benchmarks.Commands;

/// <summary>Options that take values separated by commas.</summary>
internal static class ListOption
{
    public static Option<int[]> Counts(string name, string description, int[] defaults, int minimum, int maximum) => new(name)
    {
        Description = description,
        HelpName = "N,N",
        DefaultValueFactory = _ => defaults,
        CustomParser = result => Parse<int>(result, text =>
        {
            bool isNumber = int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int count);
            if (isNumber && count >= minimum && count <= maximum)
            {
                return count;
            }

            result.AddError($"{name} '{text}' is not a whole number from {minimum} to {maximum}.");
            return null;
        }),
    };

    public static Option<BenchCase[]> Cases(params string[] defaults) => new("--cases")
    {
        Description = "Formats, each with a share of blocks where not all are computed, separated by commas.",
        HelpName = "FORMAT[@DENSITY],..",
        DefaultValueFactory = _ => [.. defaults.Select(static text => BenchCase.TryParse(text, out string _)!.Value)],
        CustomParser = static result => Parse<BenchCase>(result, text =>
        {
            BenchCase? parsed = BenchCase.TryParse(text, out string fault);
            if (parsed is null)
            {
                result.AddError(fault);
            }

            return parsed;
        }),
    };

    public static Option<string[]> Names(string name, string description, string[] wanted, string[] defaults) => new(name)
    {
        Description = $"{description}: {string.Join(", ", wanted)}.",
        HelpName = "NAME,NAME",
        DefaultValueFactory = _ => defaults,
        CustomParser = result => NameOption.ParseList(result, name, wanted),
    };

    private static T[] Parse<T>(ArgumentResult result, Func<string, T?> parse)
        where T : struct =>
        [.. result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries).Select(parse).OfType<T>()];
}
