using Tessera.Neural.Convolutions;

namespace Tessera.Neural.Tests.Convolutions;

/// <summary>The definition of a convolution, in binary64 and one loop an axis, with what bounds the rounding of its sums.</summary>
internal sealed class PlainConvolution
{
    private PlainConvolution(double[] sums, double[] magnitudes)
    {
        Sums = sums;
        Magnitudes = magnitudes;
    }

    /// <summary>Exact outputs, bias included.</summary>
    public double[] Sums { get; }

    /// <summary>Sums of the magnitudes of all terms.</summary>
    public double[] Magnitudes { get; }

    /// <summary>Convolves; W [out, in, frames, height, width].</summary>
    public static PlainConvolution Of(
        float[] history, float[] input, FrameSize size, float[] weight, int[] kernel, float[] bias, ConvolutionGeometry geometry)
    {
        int channels = kernel[1];
        int frame = size.FramePositions * channels;
        int before = history.Length / frame;
        float[] all = [.. history, .. input];
        int lead = Math.Max(geometry.LeadingFrames, before);
        int frames = ((lead + size.Frames - kernel[2]) / geometry.FrameStride) + 1;
        int height = ((geometry.Top + size.Height + geometry.Bottom - kernel[3]) / geometry.Stride) + 1;
        int width = ((geometry.Left + size.Width + geometry.Right - kernel[4]) / geometry.Stride) + 1;
        double[] sums = new double[frames * height * width * kernel[0]];
        double[] magnitudes = new double[sums.Length];
        for (int index = 0; index < sums.Length; index++)
        {
            int o = index % kernel[0];
            int x = index / kernel[0] % width;
            int y = index / kernel[0] / width % height;
            int t = index / kernel[0] / width / height;
            sums[index] = bias[o];
            magnitudes[index] = Math.Abs(bias[o]);
            for (int tap = 0; tap < kernel[2] * kernel[3] * kernel[4]; tap++)
            {
                int u = (t * geometry.FrameStride) - lead + (tap / (kernel[3] * kernel[4])) + before;
                int v = (y * geometry.Stride) - geometry.Top + (tap / kernel[4] % kernel[3]);
                int w = (x * geometry.Stride) - geometry.Left + (tap % kernel[4]);
                if (u < 0 || v < 0 || v >= size.Height || w < 0 || w >= size.Width)
                {
                    continue;
                }

                for (int c = 0; c < channels; c++)
                {
                    double value = all[(u * frame) + (((v * size.Width) + w) * channels) + c];
                    double term = value * weight[(((o * channels) + c) * kernel[2] * kernel[3] * kernel[4]) + tap];
                    sums[index] += term;
                    magnitudes[index] += Math.Abs(term);
                }
            }
        }

        return new PlainConvolution(sums, magnitudes);
    }
}
