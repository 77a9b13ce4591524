using System.Globalization;
using System.Text;
using Tessera.Media.Formats;
using Tessera.Media.Frames;

namespace Tessera.Media.Reports;

/// <summary>Output clips side by side as animated PNG: dense, each method, and the magnified difference.</summary>
internal static class ClipSection
{
    private const int LargestSide = 256;
    private const int MostFrames = 16;

    public static void Write(StringBuilder html, CompareReportData data)
    {
        if (data.Clips is not { } clips)
        {
            return;
        }

        double factor = clips.ErrorGain ?? ChooseGain(clips);
        string gain = factor.ToString("0.#", CultureInfo.InvariantCulture);
        html.Append(CultureInfo.InvariantCulture, $"<section>\n<h2>The output as a video</h2>\n<p>Here values are the clip’s own patches, so attention is a non-local mean and its output is a clip again. A method is good when it looks like the dense output, not like the input. Differences are absolute and magnified {gain} times; black is none.</p>\n<div class=\"clips\">\n<div class=\"two\">\n");
        if (clips.Source is { } source)
        {
            WriteFigure(html, source, "Input");
        }

        WriteFigure(html, clips.Dense, "Dense attention");
        html.Append("</div>\n");
        foreach (MethodClip method in clips.Methods)
        {
            double ratio = clips.Dense.PeakSignalToNoise(method.Clip);
            string quality = double.IsPositiveInfinity(ratio) ? "equal to dense" : $"PSNR {ratio.ToString("0.0", CultureInfo.InvariantCulture)} dB to dense";
            html.Append("<div class=\"two\">\n");
            WriteFigure(html, method.Clip, $"{method.Method}: {quality}");
            WriteFigure(html, clips.Dense.AbsoluteDifference(method.Clip, factor), $"{method.Method}: difference × {gain}");
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

    private static void WriteFigure(StringBuilder html, VideoFrames clip, string caption)
    {
        VideoFrames small = Shrink(clip);
        byte[] png = small.Count == 1 ? PngEncoder.Encode(RasterImage.OfFrame(small, 0)) : ApngEncoder.Encode(small);
        html.Append(CultureInfo.InvariantCulture, $"<figure><img alt=\"{ReportText.Escape(caption)}\" width=\"{small.Width}\" height=\"{small.Height}\" src=\"{ReportText.DataAddress(png)}\"/><figcaption>{ReportText.Escape(caption)}</figcaption></figure>\n");
    }

    /// <summary>Keeps the page small: at most 16 consecutive frames with a longer side of at most 256 pixels.</summary>
    private static VideoFrames Shrink(VideoFrames clip)
    {
        VideoFrames frames = clip.Slice(0, Math.Min(clip.Count, MostFrames));
        double scale = Math.Min(1, (double)LargestSide / Math.Max(clip.Height, clip.Width));
        return scale >= 1 ? frames : frames.Resize(Math.Max(1, (int)Math.Round(clip.Height * scale)), Math.Max(1, (int)Math.Round(clip.Width * scale)));
    }
}
