using System.CommandLine;
using System.Globalization;
using Tessera.Wan.Pipeline;

namespace Tessera.Cli.Options;

/// <summary><c>--size 832x480</c>, width first as videos are named; <c>832*480</c>, as the original code writes it, is read too.</summary>
internal static class SizeOption
{
    public static Option<(int Width, int Height)> Create()
    {
        GenerationRequest defaults = new("-");
        return new Option<(int Width, int Height)>("--size")
        {
            Description = "Width x height in pixels, multiples of 16. The 1.3B model was trained at 832x480 and 480x832.",
            HelpName = "WxH",
            DefaultValueFactory = _ => (defaults.Width, defaults.Height),
            CustomParser = static result =>
            {
                string text = result.Tokens[0].Value;
                string[] sides = text.Split('x', 'X', '*');
                if (sides.Length == 2 && Side(sides[0]) is { } width && Side(sides[1]) is { } height)
                {
                    return (width, height);
                }

                result.AddError($"--size '{text}' is not width x height in pixels, for example 832x480.");
                return default;
            },
        };
    }

    private static int? Side(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int side) && side > 0 ? side : null;
}
