using Tessera.Layout;

namespace Tessera.Synthesis;

/// <summary>
/// Per channel a plane wave of low spatial frequency (at most 1.5 cycles over an axis) with unit mean square over a period: what content
/// looks like to attention. Text tokens draw normal numbers instead.
/// </summary>
internal sealed class SmoothField
{
    private readonly TokenGrid _grid;
    private readonly double[] _waves;
    private readonly double[] _offsets;

    public SmoothField(TokenGrid grid, int channels, ref NormalSource source)
    {
        const double Cycles = 1.5;
        _grid = grid;
        _waves = new double[channels * 4];
        _offsets = new double[channels];
        for (int c = 0; c < channels; c++)
        {
            _waves[(4 * c) + 0] = 2 * Math.PI * source.Between(-Cycles, Cycles) / grid.Frames;
            _waves[(4 * c) + 1] = 2 * Math.PI * source.Between(-Cycles, Cycles) / grid.Height;
            _waves[(4 * c) + 2] = 2 * Math.PI * source.Between(-Cycles, Cycles) / grid.Width;
            _waves[(4 * c) + 3] = 2 * Math.PI * source.Uniform();
            _offsets[c] = 0.5 * source.Normal();
        }
    }

    /// <summary>A constant of the channel, for values.</summary>
    public double Offset(int channel) => _offsets[channel];

    /// <summary>Writes the field at a token, one element per channel.</summary>
    public void Read(int token, Span<float> destination, ref NormalSource text)
    {
        if (_grid.IsText(token))
        {
            for (int c = 0; c < destination.Length; c++)
            {
                destination[c] = (float)text.Normal();
            }

            return;
        }

        (int frame, int row, int column) = _grid.CoordinatesOf(token);
        for (int c = 0; c < destination.Length; c++)
        {
            ReadOnlySpan<double> wave = _waves.AsSpan(4 * c, 4);
            destination[c] = (float)(Math.Sqrt(2) * Math.Cos((wave[0] * frame) + (wave[1] * row) + (wave[2] * column) + wave[3]));
        }
    }
}
