using Tessera.Media.Frames;

namespace Tessera.Media.Heads;

/// <summary>
/// The orthonormal four-dimensional DCT of a window of a clip, [frames, rows, columns, RGB], reduced to its first coefficients. The
/// transform of the three colours is luma-like (R+G+B)/sqrt 3, then (R-B)/sqrt 2 and (R-2G+B)/sqrt 6; chroma frequencies cost twice their
/// length, as in every video codec, so that a short list spends itself on luma.
/// </summary>
internal sealed class PatchTransform
{
    /// <summary>Frequency cost that the mere use of a chroma component adds, in units of the axis.</summary>
    private const double ChromaOffset = 0.02;

    private readonly CosineTransform _frames;
    private readonly CosineTransform _rows;
    private readonly CosineTransform _columns;
    private readonly CosineTransform _colours = new(VideoFrames.Channels);
    private readonly int[] _kept;
    private readonly int _keepFrames;
    private readonly int _keepRows;
    private readonly int _keepColumns;
    private readonly float[] _first;
    private readonly float[] _second;

    /// <summary>Chooses the <paramref name="coefficients"/> cheapest frequencies of a window; at most its values.</summary>
    public PatchTransform(int frames, int height, int width, int coefficients)
    {
        _frames = new CosineTransform(frames);
        _rows = new CosineTransform(height);
        _columns = new CosineTransform(width);
        (int T, int Y, int X, int C)[] frequencies = Rank(frames, height, width, coefficients);
        _keepFrames = frequencies.Max(static f => f.T) + 1;
        _keepRows = frequencies.Max(static f => f.Y) + 1;
        _keepColumns = frequencies.Max(static f => f.X) + 1;
        _kept = [.. frequencies.Select(f => (((((f.T * _keepRows) + f.Y) * _keepColumns) + f.X) * VideoFrames.Channels) + f.C)];
        Values = frames * height * width * VideoFrames.Channels;
        _first = new float[Values];
        _second = new float[Values];
    }

    /// <summary>Values of a window.</summary>
    public int Values { get; }

    /// <summary>Coefficients kept.</summary>
    public int Coefficients => _kept.Length;

    /// <summary>Coefficients of a window [frames, rows, columns, RGB], cheapest frequency first.</summary>
    public void Forward(ReadOnlySpan<float> window, Span<float> coefficients)
    {
        int plane = VideoFrames.Channels;
        _columns.Forward(window, _first, _frames.Size * _rows.Size, plane, _keepColumns);
        _rows.Forward(_first, _second, _frames.Size, _keepColumns * plane, _keepRows);
        _frames.Forward(_second, _first, 1, _keepRows * _keepColumns * plane, _keepFrames);
        _colours.Forward(_first, _second, _keepFrames * _keepRows * _keepColumns, 1, plane);
        for (int i = 0; i < _kept.Length; i++)
        {
            coefficients[i] = _second[_kept[i]];
        }
    }

    /// <summary>The window that has these coefficients and no others.</summary>
    public void Inverse(ReadOnlySpan<float> coefficients, Span<float> window)
    {
        int plane = VideoFrames.Channels;
        int spectrum = _keepFrames * _keepRows * _keepColumns;
        _first.AsSpan(0, spectrum * plane).Clear();
        for (int i = 0; i < _kept.Length; i++)
        {
            _first[_kept[i]] = coefficients[i];
        }

        _colours.Inverse(_first, _second, spectrum, 1, plane);
        _frames.Inverse(_second, _first, 1, _keepRows * _keepColumns * plane, _keepFrames);
        _rows.Inverse(_first, _second, _frames.Size, _keepColumns * plane, _keepRows);
        _columns.Inverse(_second, window, _frames.Size * _rows.Size, plane, _keepColumns);
    }

    private static (int T, int Y, int X, int C)[] Rank(int frames, int height, int width, int coefficients)
    {
        List<((int T, int Y, int X, int C) Frequency, double Cost)> all = [];
        for (int t = 0; t < frames; t++)
        {
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    double luma = Square((double)t / frames) + Square((double)y / height) + Square((double)x / width);
                    for (int c = 0; c < VideoFrames.Channels; c++)
                    {
                        all.Add(((t, y, x, c), c == 0 ? luma : ChromaOffset + (4 * luma)));
                    }
                }
            }
        }

        return [.. all.OrderBy(static entry => entry.Cost).Take(coefficients).Select(static entry => entry.Frequency)];
    }

    private static double Square(double value) => value * value;
}
