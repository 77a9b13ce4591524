namespace Tessera.Media.Frames;

/// <summary>
/// A generated clip for machines without a file or a decoder: a camera pans over a textured ground under a slowly turning light, a banded
/// ball rolls, a tile spins, a ring breathes, and a pillar in front hides what passes behind it. It holds what attention over video meets:
/// still texture, translation, rotation, change of light and occlusion.
/// </summary>
public static class SyntheticClip
{
    /// <summary>Draws the clip.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1 or the clip is too large.</exception>
    public static VideoFrames Create(SyntheticClipOptions? options = null)
    {
        options ??= new SyntheticClipOptions();
        VideoFrames clip = new(options.Count, options.Height, options.Width, options.Rate);
        SyntheticScene scene = new(options.Seed, (double)options.Width / options.Height);
        for (int frame = 0; frame < clip.Count; frame++)
        {
            DrawFrame(scene.At(frame / options.Rate.FramesPerSecond), clip.Frame(frame), options.Height, options.Width);
        }

        return clip;
    }

    private static void DrawFrame(in SyntheticMoment moment, Span<byte> pixels, int height, int width)
    {
        double unit = 1.0 / height;
        int at = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                Colour colour = moment.ColourAt((x + 0.5 - (width / 2.0)) * unit, (y + 0.5 - (height / 2.0)) * unit, unit);
                pixels[at++] = ToByte(colour.Red);
                pixels[at++] = ToByte(colour.Green);
                pixels[at++] = ToByte(colour.Blue);
            }
        }
    }

    private static byte ToByte(double value) => (byte)Math.Clamp(Math.Round(value * 255), 0, 255);
}
