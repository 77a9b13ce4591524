using System.CommandLine;
using System.Globalization;

namespace Tessera.Cli.Options;

/// <summary><c>--seed</c>: absent draws one.</summary>
internal static class SeedOption
{
    public static Option<ulong?> Create(string description) => new("--seed")
    {
        Description = description,
        HelpName = "N",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
            {
                return seed;
            }

            result.AddError($"--seed '{text}' is not a whole number from 0 to {ulong.MaxValue}.");
            return null;
        },
    };
}
