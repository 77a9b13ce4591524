using System.Globalization;
using System.Text;
using Tessera.Media.Formats;
using Tessera.Media.Frames;

namespace Tessera.Media.Reports;

/// <summary>Output clips side by side as animated PNG: dense, each method, and the magnified difference.</summary>
internal static class ClipSection
{
    // Pixels compress to about a third; base64 adds a third again.
    private const long MostBytes = 12_000_000;
    private const int LargestSide = 256;
    private const int SmallestSide = 128;
    private const int MostFrames = 16;
    private const int FewestFrames = 8;

    public static void Write(StringBuilder html, CompareReportData data)
    {
        if (data.Clips is not { } clips)
        {
            return;
        }

        (int Frames, double Scale) size = SizeFor(clips);
        double factor = clips.ErrorGain ?? ChooseGain(clips);
        string gain = factor.ToString("0.#", CultureInfo.InvariantCulture);
        html.Append(
            CultureInfo.InvariantCulture,
            $"<section>\n<h2>The output as a video</h2>\n<p>Here values are the clip’s own patches, so attention is a non-local mean and "
            + $"its output is a clip again. A method is good when it looks like the dense output, not like the input. Differences are "
            + $"absolute and magnified {gain} times; black is none.</p>\n<div class=\"clips\">\n<div class=\"two\">\n");
        if (clips.Source is { } source)
        {
            WriteFigure(html, size, source, "Input");
        }

        WriteFigure(html, size, clips.Dense, "Dense attention");
        html.Append("</div>\n");
        foreach (MethodClip method in clips.Methods)
        {
            double ratio = clips.Dense.PeakSignalToNoise(method.Clip);
            string quality = double.IsPositiveInfinity(ratio)
                ? "equal to dense"
                : $"PSNR {ratio.ToString("0.0", CultureInfo.InvariantCulture)} dB to dense";
            html.Append("<div class=\"two\">\n");
            WriteFigure(html, size, method.Clip, $"{method.Method}: {quality}");
            WriteFigure(html, size, clips.Dense.AbsoluteDifference(method.Clip, factor), $"{method.Method}: difference × {gain}");
            html.Append("</div>\n");
        }

        html.Append("</div>\n</section>\n");
    }

    /// <summary>Doubles the gain while at most one byte in a hundred of the worst method would pass half of full scale.</summary>
    private static double ChooseGain(ClipComparison clips)
    {
        int worst = 0;
        foreach (MethodClip method in clips.Methods)
        {
            int[] counts = new int[256];
            VideoFrames difference = clips.Dense.AbsoluteDifference(method.Clip);
            foreach (byte value in difference.Pixels)
            {
                counts[value]++;
            }

            int above = 0;
            int level = 255;
            for (; level > 0 && above + counts[level] <= difference.Pixels.Length / 100; level--)
            {
                above += counts[level];
            }

            worst = Math.Max(worst, level);
        }

        double gain = 8;
        while (gain < 32 && worst * gain * 2 <= 128)
        {
            gain *= 2;
        }

        return gain;
    }

    private static void WriteFigure(StringBuilder html, (int Frames, double Scale) size, VideoFrames clip, string caption)
    {
        VideoFrames small = Shrink(clip, size);
        byte[] png = small.Count == 1 ? PngEncoder.Encode(RasterImage.OfFrame(small, 0)) : ApngEncoder.Encode(small);
        html.Append(
            CultureInfo.InvariantCulture,
            $"<figure><img alt=\"{ReportText.Escape(caption)}\" width=\"{small.Width}\" height=\"{small.Height}\" "
            + $"src=\"{ReportText.DataAddress(png)}\"/><figcaption>{ReportText.Escape(caption)}</figcaption></figure>\n");
    }

    /// <summary>
    /// Frames and scale that keep the page small: fewer frames first (not below eight), then smaller ones (not below 128 pixels).
    /// </summary>
    private static (int Frames, double Scale) SizeFor(ClipComparison clips)
    {
        VideoFrames clip = clips.Dense;
        int shown = (clips.Source is null ? 1 : 2) + (2 * clips.Methods.Count);
        int longer = Math.Max(clip.Height, clip.Width);
        int frames = Math.Min(clip.Count, MostFrames);
        int side = Math.Min(longer, LargestSide);
        while (Bytes() > MostBytes && frames > FewestFrames)
        {
            frames--;
        }

        while (Bytes() > MostBytes && side > SmallestSide)
        {
            side -= 8;
        }

        return (frames, (double)side / longer);

        double Bytes() => (double)shown * frames * clip.FrameBytes * side / longer * side / longer;
    }

    private static VideoFrames Shrink(VideoFrames clip, (int Frames, double Scale) size)
    {
        VideoFrames frames = clip.Slice(0, Math.Min(clip.Count, size.Frames));
        return size.Scale >= 1
            ? frames
            : frames.Resize(Math.Max(1, (int)Math.Round(clip.Height * size.Scale)), Math.Max(1, (int)Math.Round(clip.Width * size.Scale)));
    }
}
