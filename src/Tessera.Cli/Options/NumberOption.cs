using System.CommandLine;
using System.Globalization;

namespace Tessera.Cli.Options;

/// <summary>Options that take a number within bounds; absent is null.</summary>
internal static class NumberOption
{
    public static Option<double?> CreateOptional(string name, string description, double minimum, double maximum) => new(name)
    {
        Description = description,
        HelpName = "NUMBER",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && number >= minimum && number <= maximum)
            {
                return number;
            }

            result.AddError(string.Create(
                CultureInfo.InvariantCulture, $"{name} '{text}' is not a number from {minimum} to {maximum}."));
            return null;
        },
    };
}
