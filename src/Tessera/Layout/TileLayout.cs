namespace Tessera.Layout;

/// <summary>
/// Tile-major storage of a grid: each 3D tile is one run of slots that starts on a block boundary, so that a mask over tiles is a mask over
/// whole blocks. Tiles follow each other in raster order of (frame, height, width) tile coordinates; inside a tile tokens stand in raster
/// order again, valid tokens first and padding last. Border tiles hold fewer tokens and take fewer blocks (compaction). Text keeps its
/// place, in a run of its own that is padded to a block. Immutable and safe to share.
/// </summary>
/// <remarks>
/// The layout of Sliding Tile Attention (arXiv 2502.04507) and FPSAttention (arXiv 2506.04648), without their rule that tiles divide the
/// grid; border tiles of variable size follow VSA (arXiv 2505.13389). With an alignment of the tile's own volume nothing is compacted:
/// every tile then takes its full volume.
/// </remarks>
public sealed class TileLayout
{
    private readonly int[] _start;
    private readonly int[] _valid;

    /// <summary>Lays out a grid.</summary>
    /// <param name="grid">The grid; nothing has to divide anything.</param>
    /// <param name="tile">Tokens of a tile, frames x height x width.</param>
    /// <param name="alignment">Tiles and text start on multiples of this many slots: the block size, or a common multiple of both block
    /// sizes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1, or the layout needs more than 2^31-1 slots.</exception>
    public TileLayout(TokenGrid grid, TileShape tile, int alignment = 64)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tile.Frames, 1, nameof(tile));
        ArgumentOutOfRangeException.ThrowIfLessThan(tile.Height, 1, nameof(tile));
        ArgumentOutOfRangeException.ThrowIfLessThan(tile.Width, 1, nameof(tile));
        ArgumentOutOfRangeException.ThrowIfLessThan(alignment, 1);
        Grid = grid;
        Tile = tile;
        Alignment = alignment;
        Counts = tile.CountIn(grid);
        _start = new int[TileCount + 1];
        _valid = new int[TileCount];
        long textSlots = Aligned(grid.TextTokens, alignment);
        long slot = grid.TextPlacement == TextPlacement.Front ? textSlots : 0;
        for (int index = 0; index < TileCount; index++)
        {
            (int frame, int row, int column) = CoordinatesOf(index);
            _valid[index] = Extent(frame, tile.Frames, grid.Frames)
                * Extent(row, tile.Height, grid.Height)
                * Extent(column, tile.Width, grid.Width);
            _start[index] = (int)slot;
            slot += Aligned(_valid[index], alignment);
            if (slot + textSlots > int.MaxValue)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(alignment), alignment,
                    $"Tiles {tile} of {grid} padded to {alignment} slots need more than {int.MaxValue} slots.");
            }
        }

        _start[TileCount] = (int)slot;
        TextSlots = new SlotRange(grid.TextPlacement == TextPlacement.Front ? 0 : (int)slot, (int)textSlots);
        Slots = (int)(slot + (grid.TextPlacement == TextPlacement.Back ? textSlots : 0));
        Order = new TokenOrder(PlaceTokens(), $"tile-{tile}", alignment);
    }

    /// <summary>The grid.</summary>
    public TokenGrid Grid { get; }

    /// <summary>Tokens of a tile.</summary>
    public TileShape Tile { get; }

    /// <summary>Every tile, and the text, starts on a multiple of this many slots.</summary>
    public int Alignment { get; }

    /// <summary>Tiles along each axis.</summary>
    public (int Frames, int Height, int Width) Counts { get; }

    /// <summary>Number of tiles.</summary>
    public int TileCount => Counts.Frames * Counts.Height * Counts.Width;

    /// <summary>Storage slots, padding included.</summary>
    public int Slots { get; }

    /// <summary>Slots of the text run with its padding; empty without text.</summary>
    public SlotRange TextSlots { get; }

    /// <summary>Token of each slot.</summary>
    public TokenOrder Order { get; }

    /// <summary>Storage slots per token: what padding costs, 1 or more.</summary>
    public double PaddedRatio => (double)Slots / Grid.Tokens;

    /// <summary>The layout whose tiles and text start on query blocks and on key blocks of the given sizes.</summary>
    public static TileLayout ForBlocks(TokenGrid grid, TileShape tile, int queryBlock, int keyBlock) =>
        new(grid, tile, LeastCommonMultiple(queryBlock, keyBlock));

    /// <summary>Index of the tile at tile coordinates.</summary>
    public int TileAt(int frame, int row, int column) => (((frame * Counts.Height) + row) * Counts.Width) + column;

    /// <summary>Tile coordinates of a tile index.</summary>
    public (int Frame, int Row, int Column) CoordinatesOf(int tile)
    {
        int rows = Math.DivRem(tile, Counts.Width, out int column);
        int frame = Math.DivRem(rows, Counts.Height, out int row);
        return (frame, row, column);
    }

    /// <summary>Valid tokens of a tile: the product over the axes of min(tile, grid - start).</summary>
    public int ValidTokens(int tile) => _valid[tile];

    /// <summary>Slots of a tile with its padding.</summary>
    public SlotRange TileSlots(int tile) => new(_start[tile], _start[tile + 1] - _start[tile]);

    /// <summary>Slots of consecutive tiles [<paramref name="first"/>, <paramref name="end"/>), which are one run.</summary>
    public SlotRange TileSlots(int first, int end) => new(_start[first], _start[end] - _start[first]);

    /// <summary>Tile of a slot, or -1 for the text run.</summary>
    public int TileOfSlot(int slot)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot, Slots);
        if (slot < _start[0] || slot >= _start[TileCount])
        {
            return -1;
        }

        int found = Array.BinarySearch(_start, slot);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>Tile of a token, or -1 for text.</summary>
    public int TileOfToken(int token)
    {
        if (Grid.IsText(token))
        {
            return -1;
        }

        (int frame, int row, int column) = Grid.CoordinatesOf(token);
        return TileAt(frame / Tile.Frames, row / Tile.Height, column / Tile.Width);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Counts.Frames}x{Counts.Height}x{Counts.Width} tiles of {Tile} over {Grid}, {Slots} slots ({PaddedRatio:0.000} per token)";

    private static long Aligned(int count, int alignment) => ((long)count + alignment - 1) / alignment * alignment;

    private static int Extent(int index, int tile, int extent) => Math.Min(tile, extent - (index * tile));

    private static int LeastCommonMultiple(int a, int b)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(a, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(b, 1);
        int x = a;
        int y = b;
        while (y != 0)
        {
            (x, y) = (y, x % y);
        }

        return checked(a / x * b);
    }

    private int[] PlaceTokens()
    {
        int[] tokenAt = new int[Slots];
        Array.Fill(tokenAt, TokenOrder.Padding);
        for (int text = 0; text < Grid.TextTokens; text++)
        {
            tokenAt[TextSlots.Start + text] = Grid.TextStart + text;
        }

        for (int tile = 0; tile < TileCount; tile++)
        {
            (int frame, int row, int column) = CoordinatesOf(tile);
            int slot = _start[tile];
            for (int f = frame * Tile.Frames; f < Math.Min((frame + 1) * Tile.Frames, Grid.Frames); f++)
            {
                for (int h = row * Tile.Height; h < Math.Min((row + 1) * Tile.Height, Grid.Height); h++)
                {
                    for (int w = column * Tile.Width; w < Math.Min((column + 1) * Tile.Width, Grid.Width); w++)
                    {
                        tokenAt[slot++] = Grid.IndexOf(f, h, w);
                    }
                }
            }
        }

        return tokenAt;
    }
}
