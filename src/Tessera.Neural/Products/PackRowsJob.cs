using Tessera.Backends.Cpu;

namespace Tessera.Neural.Products;

/// <summary>Packs X, transposed, for a product of few rows; an item is a panel times a block of the inner dimension.</summary>
internal readonly unsafe struct PackRowsJob(float* x, nint xStride, int rows, int inner, int block, PanelLayout layout, float* panels)
    : ITileJob
{
    /// <inheritdoc/>
    public void Execute(int item, int worker)
    {
        int panel = item % layout.Panels;
        int start = item / layout.Panels * block;
        int column = layout.ColumnOf(panel);
        int width = layout.VectorsOf(panel) * layout.Lanes;
        RowPanel.Pack(
            x + (column * xStride) + start, xStride, Math.Min(width, rows - column), Math.Min(block, inner - start),
            panels + ((long)column * inner) + ((long)start * width), width);
    }
}
