using Tessera.Layout;

namespace Tessera.Masks;

/// <summary>
/// Shapes that methods draw on the block lattice: bands, strips, tile windows, always-kept tokens, and the algebra of masks. All are
/// analytic: none looks at pairs of tokens, and each block they mark is full.
/// </summary>
public static class BlockMaskPatterns
{
    /// <summary>
    /// Keeps the blocks that touch the band |query slot - key slot| at most <paramref name="radius"/>; a radius of h block sizes keeps h
    /// block diagonals on either side.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="head">Head.</param>
    /// <param name="radius">Slots on either side of the diagonal; at least 0.</param>
    public static void KeepBand(this BlockMaskBuilder builder, int head, int radius)
    {
        ArgumentNullException.ThrowIfNull(builder);
        KeepBand(builder, head, radius, new SlotRange(0, builder.QuerySlots), new SlotRange(0, builder.KeySlots));
    }

    /// <summary>
    /// As <see cref="KeepBand(BlockMaskBuilder, int, int)"/>, for the slots of two runs only, with positions counted from their starts.
    /// </summary>
    public static void KeepBand(this BlockMaskBuilder builder, int head, int radius, SlotRange queries, SlotRange keys)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentOutOfRangeException.ThrowIfNegative(radius);
        (int firstRow, int endRow) = queries.Blocks(builder.Size.Query);
        for (int row = firstRow; row < endRow; row++)
        {
            long low = Math.Max(0L, ((long)row * builder.Size.Query) - queries.Start) - radius;
            long high = Math.Min(queries.Count, ((row + 1L) * builder.Size.Query) - queries.Start) - 1 + radius;
            int first = keys.Start + (int)Math.Clamp(low, 0, keys.Count);
            int end = keys.Start + (int)Math.Clamp(high + 1, 0, keys.Count);
            if (first < end)
            {
                builder.KeepRange(head, row, first / builder.Size.Key, CeilingDivision.Of(end, builder.Size.Key));
            }
        }
    }

    /// <summary>Keeps every key block for the query blocks that touch a run of slots.</summary>
    public static void KeepQueryStrip(this BlockMaskBuilder builder, int head, SlotRange queries)
    {
        ArgumentNullException.ThrowIfNull(builder);
        (int first, int end) = queries.Blocks(builder.Size.Query);
        for (int row = first; row < end; row++)
        {
            builder.KeepRow(head, row);
        }
    }

    /// <summary>Keeps the key blocks that touch a run of slots for every query block.</summary>
    public static void KeepKeyStrip(this BlockMaskBuilder builder, int head, SlotRange keys)
    {
        ArgumentNullException.ThrowIfNull(builder);
        (int first, int end) = keys.Blocks(builder.Size.Key);
        for (int row = 0; row < builder.QueryBlocks; row++)
        {
            builder.KeepRange(head, row, first, end);
        }
    }

    /// <summary>Keeps the rows and columns of every block that holds a text token: text sees everything and is seen by all.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="head">Head.</param>
    /// <param name="grid">The grid.</param>
    /// <param name="order">Order of queries and keys; null for natural order.</param>
    public static void KeepText(this BlockMaskBuilder builder, int head, TokenGrid grid, TokenOrder? order = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (grid.TextTokens == 0)
        {
            return;
        }

        RequireSlots(builder, order?.Slots ?? grid.Tokens);
        for (int text = grid.TextStart; text < grid.TextStart + grid.TextTokens; text++)
        {
            SlotRange slot = new(order?.SlotOf(text) ?? text, 1);
            if (text == grid.TextStart || slot.Start % builder.Size.Query == 0)
            {
                builder.KeepQueryStrip(head, slot);
            }

            if (text == grid.TextStart || slot.Start % builder.Size.Key == 0)
            {
                builder.KeepKeyStrip(head, slot);
            }
        }
    }

    /// <summary>
    /// Keeps the key blocks that hold a token of the first frames for every query block: the attention sink of image-conditioned video
    /// models.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="head">Head.</param>
    /// <param name="grid">The grid.</param>
    /// <param name="order">Order of queries and keys; null for natural order.</param>
    /// <param name="frames">Number of frames, from the first.</param>
    public static void KeepFirstFrames(this BlockMaskBuilder builder, int head, TokenGrid grid, TokenOrder? order = null, int frames = 1)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        RequireSlots(builder, order?.Slots ?? grid.Tokens);
        bool[] kept = new bool[builder.KeyBlocks];
        int end = grid.VideoStart + (Math.Min(frames, grid.Frames) * grid.FrameTokens);
        for (int token = grid.VideoStart; token < end; token++)
        {
            kept[(order?.SlotOf(token) ?? token) / builder.Size.Key] = true;
        }

        for (int column = 0; column < kept.Length; column++)
        {
            if (kept[column])
            {
                builder.KeepColumn(head, column);
            }
        }
    }

    /// <summary>
    /// Keeps, for each query tile, the key tiles of its window, and the text strips of the layout. Tiles are whole blocks, so every kept
    /// block is full; blocks that hold padding only, which tiles aligned to more than a block have, are left out.
    /// </summary>
    /// <exception cref="ArgumentException">The layout does not fit the builder's slots or block size.</exception>
    public static void KeepTileWindow(this BlockMaskBuilder builder, int head, TileLayout layout, TileWindow window)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(layout);
        RequireSlots(builder, layout.Slots);
        if (layout.Alignment % builder.Size.Query != 0 || layout.Alignment % builder.Size.Key != 0)
        {
            throw new ArgumentException(
                $"Tiles aligned to {layout.Alignment} slots do not start on blocks of {builder.Size}; "
                    + "make the layout with TileLayout.ForBlocks.",
                nameof(layout));
        }

        bool[] keys = HoldsTokens(layout.Order, builder.Size.Key, builder.KeyBlocks);
        (int firstText, int endText) = layout.TextSlots.Blocks(builder.Size.Key);
        for (int tile = 0; tile < layout.TileCount; tile++)
        {
            // Valid tokens stand first, so blocks with tokens are the first of the tile's run.
            (int firstRow, int endRow) = new SlotRange(layout.TileSlots(tile).Start, layout.ValidTokens(tile)).Blocks(builder.Size.Query);
            for (int queryBlock = firstRow; queryBlock < endRow; queryBlock++)
            {
                KeepWindowRow(builder, head, queryBlock, layout, window, tile, keys);
                KeepHeld(builder, head, queryBlock, firstText, endText, keys);
            }
        }

        (int firstTextRow, int endTextRow) = new SlotRange(layout.TextSlots.Start, layout.Grid.TextTokens).Blocks(builder.Size.Query);
        for (int queryBlock = firstTextRow; queryBlock < endTextRow; queryBlock++)
        {
            KeepHeld(builder, head, queryBlock, 0, builder.KeyBlocks, keys);
        }
    }

    /// <summary>Adds the blocks of a mask: each block gets the fuller of the two coverages. A mask of one head serves all heads.</summary>
    /// <remarks>
    /// At most one side may hold partial blocks, whose predicate goes to <see cref="BlockMaskBuilder.Build"/>; join predicates with
    /// <see cref="Mods.Or{TFirst, TSecond}"/> before classifying instead.
    /// </remarks>
    /// <exception cref="ArgumentException">Sizes differ.</exception>
    public static void Union(this BlockMaskBuilder builder, BlockMask mask)
    {
        RequireSameLattice(builder, mask);
        for (int head = 0; head < builder.Heads; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                foreach (int column in mask.FullKeyBlocks(head, row))
                {
                    builder[head, row, column] = BlockCoverage.Full;
                }

                foreach (int column in mask.PartialKeyBlocks(head, row))
                {
                    if (builder[head, row, column] == BlockCoverage.Empty)
                    {
                        builder[head, row, column] = BlockCoverage.Partial;
                    }
                }
            }
        }
    }

    /// <summary>
    /// Keeps of the blocks so far only those of a mask: each block gets the emptier of the two coverages. A mask of one head serves all
    /// heads.
    /// </summary>
    /// <remarks>
    /// At most one side may hold partial blocks; join predicates with <see cref="Mods.And{TFirst, TSecond}"/> before classifying instead.
    /// </remarks>
    /// <exception cref="ArgumentException">Sizes differ.</exception>
    public static void Intersect(this BlockMaskBuilder builder, BlockMask mask)
    {
        RequireSameLattice(builder, mask);
        for (int head = 0; head < builder.Heads; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                for (int column = 0; column < builder.KeyBlocks; column++)
                {
                    BlockCoverage own = builder[head, row, column];
                    if (own != BlockCoverage.Empty)
                    {
                        BlockCoverage other = mask.Coverage(head, row, column);
                        builder[head, row, column] = other < own ? other : own;
                    }
                }
            }
        }
    }

    private static void KeepWindowRow(
        BlockMaskBuilder builder, int head, int queryBlock, TileLayout layout, TileWindow window, int tile, bool[] keys)
    {
        (int frame, int row, int column) = layout.CoordinatesOf(tile);
        (int firstFrame, int lastFrame) = window.FrameRange(frame, layout);
        (int firstHeight, int lastHeight) = window.RowRange(row, layout);
        (int firstWidth, int lastWidth) = window.ColumnRange(column, layout);
        for (int f = firstFrame; f <= lastFrame; f++)
        {
            for (int h = firstHeight; h <= lastHeight; h++)
            {
                // Tiles that follow each other along the width follow each other in storage: one run of blocks.
                (int start, int end) = layout
                    .TileSlots(layout.TileAt(f, h, firstWidth), layout.TileAt(f, h, lastWidth) + 1)
                    .Blocks(builder.Size.Key);
                KeepHeld(builder, head, queryBlock, start, end, keys);
            }
        }
    }

    private static void KeepHeld(BlockMaskBuilder builder, int head, int queryBlock, int start, int end, bool[] keys)
    {
        for (int keyBlock = start; keyBlock < end; keyBlock++)
        {
            if (keys[keyBlock])
            {
                builder.Keep(head, queryBlock, keyBlock);
            }
        }
    }

    private static bool[] HoldsTokens(TokenOrder order, int size, int blocks)
    {
        bool[] held = new bool[blocks];
        for (int slot = 0; slot < order.Slots; slot++)
        {
            held[slot / size] |= order.TokenAt(slot) != TokenOrder.Padding;
        }

        return held;
    }

    private static void RequireSlots(BlockMaskBuilder builder, int slots)
    {
        if (builder.QuerySlots != slots || builder.KeySlots != slots)
        {
            throw new ArgumentException(
                $"The builder covers {builder.QuerySlots} x {builder.KeySlots} slots, the token order {slots}; wanted one count.",
                nameof(builder));
        }
    }

    private static void RequireSameLattice(BlockMaskBuilder builder, BlockMask mask)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(mask);
        if (mask.QuerySlots != builder.QuerySlots
            || mask.KeySlots != builder.KeySlots
            || mask.Size != builder.Size
            || (mask.MaskHeads != 1 && mask.MaskHeads != builder.Heads))
        {
            throw new ArgumentException(
                $"The mask has {mask.MaskHeads} heads of {mask.QuerySlots} x {mask.KeySlots} slots in blocks of {mask.Size}; "
                    + $"the builder {builder.Heads} of {builder.QuerySlots} x {builder.KeySlots} in {builder.Size}.",
                nameof(mask));
        }
    }
}
