namespace Tessera.Neural.Products;

/// <summary>Floats from one row to the next, where rows are parts of wider ones; 0 for rows that follow each other.</summary>
/// <param name="Input">Of the input.</param>
/// <param name="Output">Of the output, and of a residual.</param>
public readonly record struct RowStrides(int Input = 0, int Output = 0);
