using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Tessera.Cli.Options;

/// <summary>Options that take a whole number within bounds.</summary>
internal static class CountOption
{
    public static Option<int> Create(
        string name, string description, int defaultValue, int minimum, int maximum = int.MaxValue) => new(name)
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => Parse(result, name, minimum, maximum) ?? defaultValue,
        };

    /// <summary>Without a default: absent is null.</summary>
    public static Option<int?> CreateOptional(string name, string description, int minimum, int maximum) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Parse(result, name, minimum, maximum),
    };

    private static int? Parse(ArgumentResult result, string name, int minimum, int maximum)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int count) && count >= minimum && count <= maximum)
        {
            return count;
        }

        result.AddError(maximum == int.MaxValue
            ? $"{name} '{text}' is not a whole number of at least {minimum}."
            : $"{name} '{text}' is not a whole number from {minimum} to {maximum}.");
        return null;
    }
}
