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
/// row per position of an axis is kept, not one per token: 62 KB and three positions a token instead of 39 MB at 21x45x80 and 128
/// channels, so that reading factors costs nothing beside reading rows.
/// </remarks>
public sealed unsafe class RotaryEmbedding
{
    /// <summary>Base of the wavelengths in Wan2.1 and most models.</summary>
    public const double DefaultTheta = 10000;

    /// <summary>Axes at most.</summary>
    internal const int MaximumAxes = 3;

    /// <summary>Index of the row of zeros.</summary>
    internal const int NoAxis = MaximumAxes;

    // Pinned: kernels read them through pointers for as long as they hold this object. Zeros stand in front of the tables.
    private readonly float[] _factors;
    private readonly int[] _positions;
    private readonly RotaryBlock[] _blocks;
    private readonly RotaryAxis[] _axes;
    private readonly float* _table;
    private readonly double _theta;
    private readonly int[] _extents;

    private RotaryEmbedding(int tokens, int[] positions, ReadOnlySpan<int> channels, ReadOnlySpan<int> extents, double theta)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(theta);
        Tokens = tokens;
        _positions = positions;
        _theta = theta;
        _extents = extents.ToArray();
        _axes = new RotaryAxis[channels.Length];
        int table = RotaryAxis.BlockFloats;
        for (int axis = 0; axis < channels.Length; axis++)
        {
            if (channels[axis] < 0 || channels[axis] % 2 != 0)
            {
                throw new ArgumentException(
                    $"Axis {axis} turns {channels[axis]} channels; wanted an even number, since channels turn in pairs.", nameof(channels));
            }

            _axes[axis] = new RotaryAxis(Channels, channels[axis], table);
            Channels += channels[axis];
            table = checked(table + (_axes[axis].RowFloats * extents[axis]));
        }

        ArgumentOutOfRangeException.ThrowIfZero(Channels, nameof(channels));
        // Whole cache lines: a register of factors never straddles two.
        _factors = GC.AllocateArray<float>(table + RotaryAxis.BlockChannels, pinned: true);
        nint start = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_factors));
        _table = (float*)((start + 63) & ~63);
        _blocks = GC.AllocateArray<RotaryBlock>(((Channels - 1) / RotaryAxis.BlockChannels) + 1, pinned: true);
        HasSharedBlocksOnly = Place();
        for (int axis = 0; axis < _axes.Length; axis++)
        {
            Fill(_axes[axis], extents[axis]);
        }
    }

    /// <summary>Tokens of the sequence.</summary>
    public int Tokens { get; }

    /// <summary>Channels of a row.</summary>
    public int Channels { get; }

    /// <summary>Whether no more than two axes meet in any block, so that <see cref="Blocks"/> tells everything.</summary>
    internal bool HasSharedBlocksOnly { get; }

    /// <summary>Where the factors of each 16 channels come from. Valid while this object is.</summary>
    internal RotaryBlock* Blocks => (RotaryBlock*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_blocks));

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

    /// <summary>
    /// The same embedding for tokens that stand in another order: row s turns as row <c>order.TokenAt(s)</c> of this one.
    /// </summary>
    /// <param name="order">An order of as many tokens, without padding.</param>
    /// <exception cref="ArgumentException">The order is padded or has another number of tokens.</exception>
    public RotaryEmbedding InOrder(TokenOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (order.Tokens != Tokens || order.IsPadded)
        {
            throw new ArgumentException(
                $"Order {order} does not fit a rotary embedding of {Tokens} tokens; wanted as many and no padding.", nameof(order));
        }

        int axes = _axes.Length;
        int[] positions = GC.AllocateUninitializedArray<int>(_positions.Length, pinned: true);
        for (int row = 0; row < Tokens; row++)
        {
            _positions.AsSpan(axes * order.TokenAt(row), axes).CopyTo(positions.AsSpan(axes * row, axes));
        }

        return new RotaryEmbedding(Tokens, positions, [.. _axes.Select(static axis => axis.Channels)], _extents, _theta);
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
            for (int i = axis.First; i < axis.First + axis.Channels; i += 2)
            {
                float* cosine = _table + axis.CosineOf(Math.Max(0, position), i);
                float* sine = cosine + RotaryAxis.BlockChannels;
                float even = source[i];
                float odd = source[i + 1];
                bool turns = position >= 0;
                destination[i] = turns ? (even * cosine[0]) + (odd * sine[0]) : even;
                destination[i + 1] = turns ? (odd * cosine[1]) + (even * sine[1]) : odd;
            }
        }
    }

    /// <summary>What positions run along, in the order of their channels.</summary>
    internal ReadOnlySpan<RotaryAxis> Axes => _axes;

    /// <summary>Position of a token on an axis; negative for a token that is not turned.</summary>
    internal int PositionOf(int token, int axis) => _positions[(token * _axes.Length) + axis];

    /// <summary>Cosine and sine of a pair of channels at a position, as kernels multiply by them.</summary>
    /// <param name="axis">Axis that turns the pair.</param>
    /// <param name="position">Position on it.</param>
    /// <param name="channel">The pair's first channel.</param>
    internal (float Cosine, float Sine) FactorsOf(int axis, int position, int channel)
    {
        float* factors = _table + _axes[axis].CosineOf(position, channel);
        return (factors[0], factors[RotaryAxis.BlockChannels + 1]);
    }

    /// <summary>Whether a token is turned at all.</summary>
    internal bool Turns(int token) => _positions[token * _axes.Length] >= 0;

    /// <summary>The rows of factors of a token that is turned, one per axis, then one of zeros. Valid while this object is.</summary>
    /// <param name="token">Natural token.</param>
    /// <param name="rows">Receives <see cref="MaximumAxes"/> + 1 pointers.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Locate(int token, float** rows)
    {
        int axes = _axes.Length;
        for (int i = 0; i < axes; i++)
        {
            ref RotaryAxis axis = ref _axes[i];
            rows[i] = _table + axis.Table + ((nint)_positions[(token * axes) + i] * axis.RowFloats);
        }

        rows[NoAxis] = _table;
    }

    /// <summary>Finds the axes of each block; false when more than two meet in one.</summary>
    private bool Place()
    {
        bool fits = true;
        _blocks.AsSpan().Fill(new RotaryBlock(NoAxis, 0, NoAxis, 0));
        for (int axis = 0; axis < _axes.Length; axis++)
        {
            for (int block = _axes[axis].FirstBlock; block < _axes[axis].EndBlock; block++)
            {
                int offset = (block - _axes[axis].FirstBlock) * RotaryAxis.BlockFloats;
                RotaryBlock known = _blocks[block];
                fits &= known.OtherAxis == NoAxis;
                _blocks[block] = known.Axis == NoAxis
                    ? new RotaryBlock(axis, offset, NoAxis, 0)
                    : known with { OtherAxis = axis, OtherOffset = offset };
            }
        }

        return fits;
    }

    private void Fill(RotaryAxis axis, int extent)
    {
        for (int position = 0; position < extent; position++)
        {
            for (int channel = axis.First; channel < axis.First + axis.Channels; channel += 2)
            {
                (double sine, double cosine) = Math.SinCos(AngleOf(axis, position, (channel - axis.First) / 2));
                float* factors = _table + axis.CosineOf(position, channel);
                factors[0] = factors[1] = (float)cosine;
                factors[RotaryAxis.BlockChannels] = -(float)sine;
                factors[RotaryAxis.BlockChannels + 1] = (float)sine;
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
