namespace Tessera.Layout;

/// <summary>A 3D tile of the token grid, in tokens, ordered frames x height x width as everywhere in Tessera.</summary>
/// <param name="Frames">Frames of a tile; at least 1.</param>
/// <param name="Height">Rows of a tile; at least 1.</param>
/// <param name="Width">Columns of a tile; at least 1.</param>
public readonly record struct TileShape(int Frames, int Height, int Width)
{
    /// <summary>Tokens of a full tile.</summary>
    public int Tokens => Frames * Height * Width;

    /// <summary>Number of tiles along each axis of <paramref name="grid"/>; border tiles may be partial.</summary>
    public (int Frames, int Height, int Width) CountIn(TokenGrid grid) =>
        (CeilingDivision.Of(grid.Frames, Frames), CeilingDivision.Of(grid.Height, Height), CeilingDivision.Of(grid.Width, Width));

    /// <inheritdoc/>
    public override string ToString() => $"{Frames}x{Height}x{Width}";
}
