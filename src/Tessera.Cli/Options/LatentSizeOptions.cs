using System.CommandLine;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Pipeline;

namespace Tessera.Cli.Options;

/// <summary><c>--size</c> and <c>--frames</c>: the video whose latent is calibrated on.</summary>
internal sealed class LatentSizeOptions
{
    // A token is two latent positions wide and high.
    private const int PixelsPerToken = 2 * LatentShape.SpaceScale;

    private readonly Option<(int Width, int Height)> _size = SizeOption.Create();
    private readonly Option<int> _frames = CountOption.Create(
        "--frames", "Frames, 4n + 1; 1 makes a picture.", new GenerationRequest("-").FrameCount, 1);

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
    /// <exception cref="CommandException">A size is not legal; the message gives the nearest.</exception>
    public LatentShape Read(ParseResult parsed)
    {
        (int width, int height) = parsed.GetValue(_size);
        int frames = parsed.GetValue(_frames);
        int lower = ((frames - 1) / LatentShape.TimeScale * LatentShape.TimeScale) + 1;
        if (lower != frames)
        {
            throw CommandException.Usage($"--frames {frames} is not 4n + 1; the nearest are {lower} and {lower + LatentShape.TimeScale}.");
        }

        return width % PixelsPerToken == 0 && height % PixelsPerToken == 0
            ? LatentShape.OfVideo(frames, height, width)
            : throw CommandException.Usage(
                $"--size {width}x{height} is no multiple of {PixelsPerToken}; the nearest is {Nearest(width)}x{Nearest(height)}.");
    }

    private static int Nearest(int side) => Math.Max(1, (side + (PixelsPerToken / 2)) / PixelsPerToken) * PixelsPerToken;
}
