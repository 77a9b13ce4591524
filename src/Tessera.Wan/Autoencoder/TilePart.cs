namespace Tessera.Wan.Autoencoder;

/// <summary>One tile of a frame, in latent rows and columns.</summary>
internal readonly struct TilePart
{
    public TilePart(TileAxis rows, TileAxis columns, int index)
    {
        Index = index;
        (Row, Column) = Math.DivRem(index, columns.Starts.Length);
        (Top, Left, Height, Width) = (rows.Starts[Row], columns.Starts[Column], rows.Length, columns.Length);
    }

    /// <summary>Number of the tile, row by row.</summary>
    public int Index { get; }

    /// <summary>Row of tiles.</summary>
    public int Row { get; }

    /// <summary>Column of tiles.</summary>
    public int Column { get; }

    public int Top { get; }

    public int Left { get; }

    public int Height { get; }

    public int Width { get; }
}
