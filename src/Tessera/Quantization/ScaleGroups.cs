using Tessera.Layout;

namespace Tessera.Quantization;

/// <summary>
/// Which scale belongs to which element of one head's [slots, channels] operand in storage order: the group map of a granularity.
/// It depends on sizes, token order and grid only, never on data, so one map serves all heads and calls of a plan. Immutable.
/// </summary>
/// <remarks>
/// Every granularity factors into a group per slot and, for <see cref="QuantizationGranularity.PerChannel"/>, a scale per channel within
/// it:
/// the scale index is <c>SlotGroups[slot]</c>, or <c>SlotGroups[slot] * Channels + channel</c>. Padding slots carry the group of the slot
/// before them (so that kernels may load any scale) and take no part in absolute maxima.
/// </remarks>
public sealed class ScaleGroups
{
    private const int QueryLanes = 8;
    private const int KeyLanes = 4;

    private readonly int[] _slotGroups;

    private ScaleGroups(OperandFormat format, int channels, int[] slotGroups, int slotGroupCount, TokenOrder? order)
    {
        Format = format;
        Channels = channels;
        _slotGroups = slotGroups;
        SlotGroupCount = slotGroupCount;
        Order = order;
    }

    /// <summary>The number format and granularity.</summary>
    public OperandFormat Format { get; }

    /// <summary>Storage slots, padding included.</summary>
    public int Slots => _slotGroups.Length;

    /// <summary>Channels of a row.</summary>
    public int Channels { get; }

    /// <summary>Whether each channel has scales of its own.</summary>
    public bool IsPerChannel => Format.Granularity == QuantizationGranularity.PerChannel;

    /// <summary>Groups of slots.</summary>
    public int SlotGroupCount { get; }

    /// <summary>
    /// Scales of one head: groups of slots, times channels when they have scales of their own; 0 for formats without scales.
    /// </summary>
    public int Count => Format.Format.IsScaled() ? SlotGroupCount * (IsPerChannel ? Channels : 1) : 0;

    /// <summary>Group of each slot.</summary>
    public ReadOnlySpan<int> SlotGroups => _slotGroups;

    internal TokenOrder? Order { get; }

    /// <summary>Makes the map of a format.</summary>
    /// <param name="format">Number format and granularity.</param>
    /// <param name="operand">Queries, keys or values; matters for <see cref="QuantizationGranularity.PerThread"/> only (values group like
    /// keys).</param>
    /// <param name="slots">Storage slots, padding included.</param>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="order">Token order of the head; null for natural order without padding.</param>
    /// <param name="grid">Token grid; needed for <see cref="QuantizationGranularity.PerTile"/> only.</param>
    /// <exception cref="ArgumentException">A size, the group length or the tile is missing or does not fit; the message names
    /// it.</exception>
    public static ScaleGroups Create(
        OperandFormat format, AttentionOperand operand, int slots, int channels, TokenOrder? order = null, TokenGrid? grid = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        if (order is not null && order.Slots != slots)
        {
            throw new ArgumentException($"Order {order} has {order.Slots} slots; the operand has {slots}.", nameof(order));
        }

        if (format.Format is NumberFormat.UInt8 or NumberFormat.UInt7 or NumberFormat.UInt4)
        {
            throw new ArgumentException(
                $"{format.Format} holds probabilities only; {operand} needs a signed or floating-point format.", nameof(format));
        }

        int[] groups = new int[slots];
        int count = format.Granularity switch
        {
            _ when !format.Format.IsScaled() => 1,
            QuantizationGranularity.PerTensor or QuantizationGranularity.PerHead => 1,
            QuantizationGranularity.PerToken => FillRuns(groups, 1),
            QuantizationGranularity.PerBlock => FillRuns(groups, RequireGroup(format)),
            QuantizationGranularity.PerChannel => format.Group > 0 ? FillRuns(groups, format.Group) : 1,
            QuantizationGranularity.PerThread => FillThreads(groups, RequireGroup(format), operand),
            QuantizationGranularity.PerTile => FillTiles(groups, format.Tile, order, grid),
            _ => throw new ArgumentException($"Granularity {format.Granularity} is unknown.", nameof(format)),
        };
        return new ScaleGroups(format, channels, groups, count, order);
    }

    /// <summary>Index of the scale of an element.</summary>
    public int IndexOf(int slot, int channel) => IsPerChannel ? (_slotGroups[slot] * Channels) + channel : _slotGroups[slot];

    /// <summary>Whether a slot holds a token and not padding.</summary>
    public bool IsValid(int slot) => Order is null || Order.TokenAt(slot) != TokenOrder.Padding;

    private static int RequireGroup(OperandFormat format) =>
        format.Group >= 1
            ? format.Group
            : throw new ArgumentException(
                $"{format.Granularity} scales need the slots of a group; got {format.Group}, wanted at least 1.", nameof(format));

    private static int FillRuns(Span<int> groups, int run)
    {
        for (int slot = 0; slot < groups.Length; slot++)
        {
            groups[slot] = slot / run;
        }

        return CeilingDivision.Of(groups.Length, run);
    }

    // SageAttention2: in the m16n8k32 fragment a thread holds query rows r, r + 8, ... and key rows 2c, 2c + 1, 2c + 8, 2c + 9, ...
    private static int FillThreads(Span<int> groups, int run, AttentionOperand operand)
    {
        int lanes = operand == AttentionOperand.Query ? QueryLanes : KeyLanes;
        for (int slot = 0; slot < groups.Length; slot++)
        {
            int row = slot % run % 8;
            groups[slot] = (slot / run * lanes) + (operand == AttentionOperand.Query ? row : row / 2);
        }

        return CeilingDivision.Of(groups.Length, run) * lanes;
    }

    // Tiles are numbered frame-major in grid coordinates whatever the storage order is: coarse tiles may span several tiles of the order.
    private static int FillTiles(Span<int> groups, TileShape tile, TokenOrder? order, TokenGrid? grid)
    {
        if (grid is not { } tokens)
        {
            throw new ArgumentException("Scales per 3D tile need the token grid.", nameof(grid));
        }

        if (tile.Frames < 1 || tile.Height < 1 || tile.Width < 1)
        {
            throw new ArgumentException($"Scale tile {tile} needs positive sizes.", nameof(tile));
        }

        int count = order?.Tokens ?? groups.Length;
        if (tokens.Tokens != count)
        {
            throw new ArgumentException($"Grid {tokens} has {tokens.Tokens} tokens; the operand has {count}.", nameof(grid));
        }

        (int frames, int rows, int columns) = tile.CountIn(tokens);
        int textGroup = checked(frames * rows * columns);
        int previous = 0;
        for (int slot = 0; slot < groups.Length; slot++)
        {
            int token = order is null ? slot : order.TokenAt(slot);
            if (token != TokenOrder.Padding)
            {
                previous = textGroup;
                if (!tokens.IsText(token))
                {
                    (int frame, int row, int column) = tokens.CoordinatesOf(token);
                    previous = (((frame / tile.Frames * rows) + (row / tile.Height)) * columns) + (column / tile.Width);
                }
            }

            groups[slot] = previous;
        }

        return textGroup + (tokens.TextTokens > 0 ? 1 : 0);
    }
}
