namespace Tessera.Media.Frames;

/// <summary>
/// Separable scaling with a triangle filter. The filter's half width is max(1, source / target) source pixels, so enlarging is linear
/// interpolation and shrinking averages over all pixels that fall together. Edges renormalise.
/// </summary>
internal static class FrameResizer
{
    /// <summary>Scales every frame.</summary>
    public static VideoFrames Resize(VideoFrames clip, int height, int width)
    {
        VideoFrames result = new(clip.Count, height, width, clip.Rate);
        Taps rows = Taps.Between(clip.Height, height);
        Taps columns = Taps.Between(clip.Width, width);
        float[] narrow = new float[clip.Height * width * VideoFrames.Channels];
        for (int frame = 0; frame < clip.Count; frame++)
        {
            ScaleRows(clip.Frame(frame), narrow, clip.Height, clip.Width, columns);
            ScaleColumns(narrow, result.Frame(frame), width * VideoFrames.Channels, rows);
        }

        return result;
    }

    private static void ScaleRows(ReadOnlySpan<byte> source, Span<float> destination, int height, int sourceWidth, Taps taps)
    {
        int at = 0;
        for (int row = 0; row < height; row++)
        {
            ReadOnlySpan<byte> line = source.Slice(row * sourceWidth * VideoFrames.Channels, sourceWidth * VideoFrames.Channels);
            for (int x = 0; x < taps.First.Length; x++)
            {
                for (int channel = 0; channel < VideoFrames.Channels; channel++)
                {
                    float sum = 0;
                    for (int k = 0; k < taps.Weights[x].Length; k++)
                    {
                        sum += taps.Weights[x][k] * line[((taps.First[x] + k) * VideoFrames.Channels) + channel];
                    }

                    destination[at++] = sum;
                }
            }
        }
    }

    private static void ScaleColumns(ReadOnlySpan<float> source, Span<byte> destination, int stride, Taps taps)
    {
        for (int y = 0; y < taps.First.Length; y++)
        {
            for (int x = 0; x < stride; x++)
            {
                float sum = 0;
                for (int k = 0; k < taps.Weights[y].Length; k++)
                {
                    sum += taps.Weights[y][k] * source[((taps.First[y] + k) * stride) + x];
                }

                destination[(y * stride) + x] = (byte)Math.Clamp(MathF.Round(sum), 0, 255);
            }
        }
    }

    /// <summary>For each target position, the first source position and the weights from there on.</summary>
    private readonly record struct Taps(int[] First, float[][] Weights)
    {
        public static Taps Between(int source, int target)
        {
            double step = (double)source / target;
            double reach = Math.Max(1, step);
            int[] first = new int[target];
            float[][] weights = new float[target][];
            for (int i = 0; i < target; i++)
            {
                double centre = ((i + 0.5) * step) - 0.5;
                int low = Math.Max(0, (int)Math.Ceiling(centre - reach));
                int high = Math.Min(source - 1, (int)Math.Floor(centre + reach));
                double[] taps = new double[high - low + 1];
                for (int k = 0; k < taps.Length; k++)
                {
                    taps[k] = Math.Max(0, 1 - (Math.Abs(low + k - centre) / reach));
                }

                double sum = taps.Sum();
                first[i] = low;
                weights[i] = [.. taps.Select(tap => (float)(tap / sum))];
            }

            return new Taps(first, weights);
        }
    }
}
