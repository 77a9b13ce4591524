using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tessera.Layout;

namespace Tessera.Attention;

/// <summary>
/// Rotary position embedding of queries and keys, neighbouring channels paired as a complex number:
/// <c>(x0, x1) -> (x0 cos a - x1 sin a, x0 sin a + x1 cos a)</c>. The channels are divided among axes of positions; pair j of an axis of n
/// channels turns by <c>position * theta^(-2j / n)</c>. Angles, cosines and sines are made in binary64 and rounded once.
/// Immutable and safe to share between threads.
/// </summary>
/// <remarks>
/// RoFormer, arXiv 2104.09864, section 3.2.2; over three axes as in Wan2.1 (arXiv 2503.20314) and HunyuanVideo (arXiv 2412.03603). A table
/// row per position of an axis is kept, not one per token: 49 KB and three positions a token instead of 39 MB at 21x45x80 and 128
/// channels, so that reading factors costs nothing beside reading rows.
/// </remarks>
public sealed unsafe class RotaryEmbedding
{
    /// <summary>Base of the wavelengths in Wan2.1 and most models.</summary>
    public const double DefaultTheta = 10000;

    // Both arrays are allocated pinned: kernels read them through pointers for as long as they hold this object.
    private readonly float[] _factors;
    private readonly int[] _positions;
    private readonly RotaryAxis[] _axes;
    private readonly double _theta;

    private RotaryEmbedding(int tokens, int[] positions, ReadOnlySpan<int> channels, ReadOnlySpan<int> extents, double theta)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(theta);
        Tokens = tokens;
        _positions = positions;
        _theta = theta;
        _axes = new RotaryAxis[channels.Length];
        int table = 0;
        for (int axis = 0; axis < channels.Length; axis++)
        {
            if (channels[axis] < 0 || channels[axis] % 2 != 0)
            {
                throw new ArgumentException(
                    $"Axis {axis} turns {channels[axis]} channels; wanted an even number, since channels turn in pairs.", nameof(channels));
            }

            _axes[axis] = new RotaryAxis(Channels, channels[axis], table);
            Channels += channels[axis];
            table = checked(table + (2 * channels[axis] * extents[axis]));
        }

        ArgumentOutOfRangeException.ThrowIfZero(Channels, nameof(channels));
        _factors = GC.AllocateUninitializedArray<float>(Math.Max(1, table), pinned: true);
        for (int axis = 0; axis < _axes.Length; axis++)
        {
            Fill(_axes[axis], extents[axis]);
        }
    }

    /// <summary>Tokens of the sequence.</summary>
    public int Tokens { get; }

    /// <summary>Channels of a row.</summary>
    public int Channels { get; }

    /// <summary>The division of channels, axis by axis.</summary>
    internal ReadOnlySpan<RotaryAxis> Axes => _axes;

    /// <summary>
    /// The embedding of Wan2.1 for a grid: height and width turn 2 floor(D / 6) channels each, frames the rest, in the order frame,
    /// height, width. Text tokens are not turned.
    /// </summary>
    /// <param name="grid">Tokens; positions count from 0 along each axis.</param>
    /// <param name="channels">Channels D of a head; even.</param>
    /// <param name="theta">Base of the wavelengths.</param>
    /// <exception cref="ArgumentException">The channels are odd.</exception>
    public static RotaryEmbedding ForGrid(TokenGrid grid, int channels, double theta = DefaultTheta)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 2);
        int side = 2 * (channels / 6);
        return ForGrid(grid, channels - (2 * side), side, side, theta);
    }

    /// <summary>The embedding of a grid with a division of channels of your own, in the order frame, height, width.</summary>
    /// <param name="grid">Tokens; positions count from 0 along each axis. Text tokens are not turned.</param>
    /// <param name="frameChannels">Channels turned by the frame; even.</param>
    /// <param name="heightChannels">Channels turned by the row; even.</param>
    /// <param name="widthChannels">Channels turned by the column; even.</param>
    /// <param name="theta">Base of the wavelengths; HunyuanVideo has 256 and 16, 56, 56 channels.</param>
    /// <exception cref="ArgumentException">A number of channels is odd.</exception>
    public static RotaryEmbedding ForGrid(
        TokenGrid grid, int frameChannels, int heightChannels, int widthChannels, double theta = DefaultTheta)
    {
        int[] positions = GC.AllocateUninitializedArray<int>(checked(3 * grid.Tokens), pinned: true);
        for (int token = 0; token < grid.Tokens; token++)
        {
            (int frame, int row, int column) = grid.IsText(token) ? (-1, -1, -1) : grid.CoordinatesOf(token);
            positions[3 * token] = frame;
            positions[(3 * token) + 1] = row;
            positions[(3 * token) + 2] = column;
        }

        return new RotaryEmbedding(
            grid.Tokens, positions, [frameChannels, heightChannels, widthChannels], [grid.Frames, grid.Height, grid.Width], theta);
    }

    /// <summary>The embedding of a sequence without a grid: token t stands at position t.</summary>
    /// <param name="tokens">Tokens.</param>
    /// <param name="channels">Channels of a head; even.</param>
    /// <param name="theta">Base of the wavelengths.</param>
    /// <exception cref="ArgumentException">The channels are odd.</exception>
    public static RotaryEmbedding ForSequence(int tokens, int channels, double theta = DefaultTheta)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        int[] positions = GC.AllocateUninitializedArray<int>(tokens, pinned: true);
        for (int token = 0; token < tokens; token++)
        {
            positions[token] = token;
        }

        return new RotaryEmbedding(tokens, positions, [channels], [tokens], theta);
    }

    /// <summary>Angle in radians by which a pair of channels turns; 0 for text.</summary>
    /// <param name="token">Natural token.</param>
    /// <param name="pair">Channels 2 pair and 2 pair + 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An index is out of range.</exception>
    public double Angle(int token, int pair)
    {
        RequireToken(token);
        ArgumentOutOfRangeException.ThrowIfNegative(pair);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(pair, Channels / 2);
        int axis = 0;
        while (2 * pair >= _axes[axis].First + _axes[axis].Channels)
        {
            axis++;
        }

        int position = _positions[(token * _axes.Length) + axis];
        return position < 0 ? 0 : AngleOf(_axes[axis], position, pair - (_axes[axis].First / 2));
    }

    /// <summary>Turns one row in binary32.</summary>
    /// <param name="token">Natural token.</param>
    /// <param name="source">Channels of the token.</param>
    /// <param name="destination">Receives the turned row; may be the source.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Rotate(int token, ReadOnlySpan<float> source, Span<float> destination)
    {
        RequireToken(token);
        if (source.Length != Channels || destination.Length < Channels)
        {
            throw new ArgumentException(
                $"source holds {source.Length} and destination {destination.Length} channels; wanted {Channels}.", nameof(source));
        }

        for (int index = 0; index < _axes.Length; index++)
        {
            RotaryAxis axis = _axes[index];
            int position = _positions[(token * _axes.Length) + index];
            ReadOnlySpan<float> factors = position < 0 ? default : _factors.AsSpan(axis.Table + (2 * position * axis.Channels));
            for (int i = 0; i < axis.Channels; i += 2)
            {
                float even = source[axis.First + i];
                float odd = source[axis.First + i + 1];
                bool turns = position >= 0;
                destination[axis.First + i] = turns ? (even * factors[i]) + (odd * factors[axis.Channels + i]) : even;
                destination[axis.First + i + 1] = turns ? (odd * factors[i + 1]) + (even * factors[axis.Channels + i + 1]) : odd;
            }
        }
    }

    /// <summary>Positions of a token, one per axis; negative for tokens that are not turned. Valid while this object is.</summary>
    internal int* PositionsOf(int token) =>
        (int*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_positions)) + ((nint)token * _axes.Length);

    /// <summary>Cosines, then signed sines (negative for even channels) of an axis at a position. Valid while this object is.</summary>
    internal float* FactorsOf(RotaryAxis axis, int position) =>
        (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_factors)) + axis.Table + (2 * (nint)position * axis.Channels);

    private void Fill(RotaryAxis axis, int extent)
    {
        for (int position = 0; position < extent; position++)
        {
            Span<float> cosines = _factors.AsSpan(axis.Table + (2 * position * axis.Channels), axis.Channels);
            Span<float> sines = _factors.AsSpan(axis.Table + (((2 * position) + 1) * axis.Channels), axis.Channels);
            for (int channel = 0; channel < axis.Channels; channel += 2)
            {
                (double sine, double cosine) = Math.SinCos(AngleOf(axis, position, channel / 2));
                cosines[channel] = cosines[channel + 1] = (float)cosine;
                sines[channel] = -(float)sine;
                sines[channel + 1] = (float)sine;
            }
        }
    }

    private double AngleOf(RotaryAxis axis, int position, int pair) => position * Math.Pow(_theta, -2.0 * pair / axis.Channels);

    private void RequireToken(int token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, Tokens);
    }
}
