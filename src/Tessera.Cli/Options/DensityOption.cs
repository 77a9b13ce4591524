using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Tessera.Cli.Options;

/// <summary>Densities: always the share of blocks computed.</summary>
internal static class DensityOption
{
    public static Option<double?> Single() => new("--density")
    {
        Description = "Share of blocks computed, above 0 and at most 1. Default: the method's own, else 0.25.",
        HelpName = "0..1",
        CustomParser = static result => ParseOne(result, result.Tokens[0].Value),
    };

    public static Option<double[]> List(params double[] defaults) => new("--densities")
    {
        Description = "Shares of blocks computed, separated by commas.",
        HelpName = "D,D,...",
        DefaultValueFactory = _ => defaults,
        CustomParser = static result =>
        {
            double?[] parsed =
                [.. result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries).Select(text => ParseOne(result, text))];
            return [.. parsed.OfType<double>()];
        },
    };

    private static double? ParseOne(ArgumentResult result, string text)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double density) && density is > 0 and <= 1)
        {
            return density;
        }

        result.AddError($"Density '{text}' is not a number above 0 and at most 1; it is the share of blocks computed, for example 0.25.");
        return null;
    }
}
