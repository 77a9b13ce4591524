using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Tessera.Wan.Autoencoder;

namespace Tessera.Cli.Options;

/// <summary><c>--size</c> and <c>--frames</c>: the video whose latent is calibrated on.</summary>
internal sealed class LatentSizeOptions
{
    // A token is two latent positions of eight pixels wide and high.
    private const int PixelsPerToken = 16;
    private const int LargestSide = 1 << 14;
    private const int MostFrames = 1 << 14;

    private readonly Option<(int Width, int Height)> _size = new("--size")
    {
        Description = "Pixels of the video, WIDTHxHEIGHT, multiples of 16. Default: 832x480.",
        HelpName = "WxH",
        DefaultValueFactory = static _ => (832, 480),
        CustomParser = ParseSize,
    };
    private readonly Option<int> _frames = new("--frames")
    {
        Description = "Frames, 4n + 1. Default: 81.",
        HelpName = "N",
        DefaultValueFactory = static _ => 81,
        CustomParser = ParseFrames,
    };

    private LatentSizeOptions()
    {
    }

    public static LatentSizeOptions AddTo(Command command)
    {
        LatentSizeOptions options = new();
        command.Options.Add(options._size);
        command.Options.Add(options._frames);
        return options;
    }

    /// <summary>The latent of the video.</summary>
    public LatentShape Read(ParseResult parsed)
    {
        (int width, int height) = parsed.GetValue(_size);
        return LatentShape.OfVideo(parsed.GetValue(_frames), height, width);
    }

    private static (int Width, int Height) ParseSize(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        string[] sides = text.Split('x', '*');
        if (sides.Length == 2 && Side(sides[0]) is { } width && Side(sides[1]) is { } height)
        {
            if (width % PixelsPerToken == 0 && height % PixelsPerToken == 0)
            {
                return (width, height);
            }

            result.AddError($"--size '{text}' is no multiple of 16; the nearest is {Nearest(width)}x{Nearest(height)}.");
            return default;
        }

        result.AddError($"--size '{text}' is not WIDTHxHEIGHT in pixels, for example 832x480.");
        return default;
    }

    private static int ParseFrames(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int frames) || frames is < 1 or > MostFrames)
        {
            result.AddError($"--frames '{text}' is not a whole number from 1 to {MostFrames}.");
            return 1;
        }

        int lower = ((frames - 1) / LatentShape.TimeScale * LatentShape.TimeScale) + 1;
        if (lower != frames)
        {
            result.AddError($"--frames {frames} is not 4n + 1; the nearest are {lower} and {lower + LatentShape.TimeScale}.");
            return 1;
        }

        return frames;
    }

    private static int? Side(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int side) && side is >= 1 and <= LargestSide ? side : null;

    private static int Nearest(int side) => Math.Max(1, (side + (PixelsPerToken / 2)) / PixelsPerToken) * PixelsPerToken;
}
