using System.CommandLine;
using System.Globalization;
using Tessera.Masks;

namespace Tessera.Cli.Options;

/// <summary>Tokens per block.</summary>
internal static class BlockOption
{
    private const string Auto = "auto";
    private const int Largest = 1024;

    /// <summary><c>--block 64x64</c>, or <c>auto</c>, which is <see langword="default"/>.</summary>
    public static Option<BlockSize> Create() => new("--block")
    {
        Description = "Tokens per block, QUERYxKEY, or auto for the size that is predicted to be fastest. Default: 64x64.",
        HelpName = "QxK|auto",
        DefaultValueFactory = static _ => BlockSize.Default,
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (text == Auto)
            {
                return default;
            }

            string[] sides = text.Split('x');
            if (sides.Length == 2 && Side(sides[0]) is { } query && Side(sides[1]) is { } key)
            {
                return new BlockSize(query, key);
            }

            result.AddError($"--block '{text}' is neither auto nor two numbers from 1 to {Largest}, for example 64x64.");
            return default;
        },
    };

    private static int? Side(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int side) && side is >= 1 and <= Largest ? side : null;
}
