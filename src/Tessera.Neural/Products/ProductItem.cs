namespace Tessera.Neural.Products;

/// <summary>An item of work of a product of many rows: a range of rows times a range of panels, as <see cref="ProductBlocking"/> divides
/// them.</summary>
internal readonly struct ProductItem
{
    private readonly PanelLayout _layout;

    /// <summary>An item.</summary>
    /// <param name="item">Its number; the ranges of panels of one range of rows follow each other.</param>
    /// <param name="rows">Rows of X.</param>
    /// <param name="weightRows">Rows of W, which are columns of Y.</param>
    /// <param name="layout">Panels of the columns.</param>
    /// <param name="blocking">How the product divides.</param>
    public ProductItem(int item, int rows, long weightRows, in PanelLayout layout, in ProductBlocking blocking)
    {
        _layout = layout;
        FirstRow = item / blocking.Groups * blocking.RowChunk;
        LastRow = Math.Min(rows, FirstRow + blocking.RowChunk);
        FirstPanel = blocking.FirstPanel(item % blocking.Groups);
        LastPanel = blocking.FirstPanel((item % blocking.Groups) + 1);
        FirstColumn = layout.ColumnOf(FirstPanel);
        Width = layout.ColumnOf(LastPanel) - FirstColumn;
        Columns = (int)Math.Min(Width, weightRows - FirstColumn);
    }

    /// <summary>First row of X.</summary>
    public int FirstRow { get; }

    /// <summary>Row behind the last.</summary>
    public int LastRow { get; }

    /// <summary>First panel.</summary>
    public int FirstPanel { get; }

    /// <summary>Panel behind the last.</summary>
    public int LastPanel { get; }

    /// <summary>First column of Y.</summary>
    public int FirstColumn { get; }

    /// <summary>Columns in whole registers.</summary>
    public int Width { get; }

    /// <summary>Columns that exist.</summary>
    public int Columns { get; }

    /// <summary>First column of a panel within the item.</summary>
    public int ColumnOf(int panel) => _layout.ColumnOf(panel) - FirstColumn;

    /// <summary>Floats of partial sums: of all rows where the inner dimension is divided, else of one tile.</summary>
    /// <param name="isBlocked">Whether it is divided.</param>
    /// <param name="tileRows">Rows of a tile.</param>
    public long SumFloats(bool isBlocked, int tileRows) =>
        (long)Width * (isBlocked ? (LastRow - FirstRow + tileRows - 1) / tileRows * tileRows : tileRows);
}
