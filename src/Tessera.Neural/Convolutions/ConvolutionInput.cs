using System.Runtime.CompilerServices;

namespace Tessera.Neural.Convolutions;

/// <summary>A video, the frames before it, and the zeros around both.</summary>
internal unsafe struct ConvolutionInput
{
    /// <summary>The frames before the first, oldest first, or null.</summary>
    public float** History;

    /// <summary>How many of them there are.</summary>
    public int HistoryFrames;

    /// <summary>The video.</summary>
    public float* Frames;

    /// <summary>Its extents.</summary>
    public FrameSize Size;

    /// <summary>Its channels.</summary>
    public int Channels;

    /// <summary>Copies a window, zeros where it exceeds the video.</summary>
    /// <param name="frame">First frame; negative before the video.</param>
    /// <param name="height">First row.</param>
    /// <param name="width">First column.</param>
    /// <param name="window">Extents of the window.</param>
    /// <param name="destination">Its positions, row-major.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void CopyWindow(int frame, int height, int width, FrameSize window, float* destination)
    {
        int left = Math.Clamp(-width, 0, window.Width);
        int inside = Math.Clamp(Size.Width - width, left, window.Width) - left;
        int rowFloats = window.Width * Channels;
        for (int t = frame; t < frame + window.Frames; t++)
        {
            bool exists = t >= -HistoryFrames && t < Size.Frames;
            float* source = !exists ? null
                : t >= 0 ? Frames + ((long)t * Size.FramePositions * Channels) : History[t + HistoryFrames];
            for (int h = height; h < height + window.Height; h++)
            {
                Span<float> row = new(destination, rowFloats);
                destination += rowFloats;
                if (!exists || h < 0 || h >= Size.Height || inside == 0)
                {
                    row.Clear();
                    continue;
                }

                row[..(left * Channels)].Clear();
                long start = (((long)h * Size.Width) + width + left) * Channels;
                new ReadOnlySpan<float>(source + start, inside * Channels).CopyTo(row[(left * Channels)..]);
                row[((left + inside) * Channels)..].Clear();
            }
        }
    }
}
