using Tessera.Media.Frames;

namespace Tessera.Media.Formats;

/// <summary>Turns the planes of a Y4M frame into RGB: chroma is interpolated linearly at its declared position.</summary>
internal sealed class Y4mFrameConverter
{
    private readonly Y4mHeader _header;
    private readonly YuvColour _colour;
    private readonly Tap[] _rows;
    private readonly Tap[] _columns;

    /// <summary>Prepares interpolation for one file.</summary>
    public Y4mFrameConverter(Y4mHeader header)
    {
        _header = header;
        _colour = new YuvColour(header.FullRange);
        _rows = Taps(header.Height, header.ChromaHeight, header.RowStep, header.RowStep == 2 ? 0.5 : 0);
        _columns = Taps(header.Width, header.ChromaWidth, header.ColumnStep, header.ColumnOffset);
    }

    /// <summary>Converts one frame.</summary>
    public void ToRgb(ReadOnlySpan<byte> planes, Span<byte> rgb)
    {
        int luma = _header.Height * _header.Width;
        int chroma = _header.ChromaHeight * _header.ChromaWidth;
        ReadOnlySpan<byte> blue = planes.Slice(luma, chroma);
        ReadOnlySpan<byte> red = planes.Slice(luma + chroma, chroma);
        for (int y = 0; y < _header.Height; y++)
        {
            for (int x = 0; x < _header.Width; x++)
            {
                int pixel = (y * _header.Width) + x;
                _colour.ToRgb(
                    planes[pixel], chroma == 0 ? 128 : Interpolate(blue, y, x), chroma == 0 ? 128 : Interpolate(red, y, x),
                    rgb.Slice(pixel * VideoFrames.Channels, VideoFrames.Channels));
            }
        }
    }

    private float Interpolate(ReadOnlySpan<byte> plane, int y, int x)
    {
        Tap row = _rows[y];
        Tap column = _columns[x];
        float upper = Mix(
            plane[(row.First * _header.ChromaWidth) + column.First], plane[(row.First * _header.ChromaWidth) + column.Second],
            column.Share);
        float lower = Mix(
            plane[(row.Second * _header.ChromaWidth) + column.First], plane[(row.Second * _header.ChromaWidth) + column.Second],
            column.Share);
        return Mix(upper, lower, row.Share);
    }

    private static float Mix(float first, float second, float share) => first + ((second - first) * share);

    private static Tap[] Taps(int luma, int chroma, int step, double offset)
    {
        Tap[] taps = new Tap[luma];
        for (int i = 0; i < luma && step > 0; i++)
        {
            double at = Math.Clamp((i - offset) / step, 0, chroma - 1);
            int first = (int)at;
            taps[i] = new Tap(first, Math.Min(first + 1, chroma - 1), (float)(at - first));
        }

        return taps;
    }

    private readonly record struct Tap(int First, int Second, float Share);
}
