namespace Tessera.Backends.Cpu.Kernels;

/// <summary>
/// A stretch of the inner dimension of a tile product that lies in one piece: the channels of a key panel, or the keys of one group of V.
/// </summary>
internal unsafe struct TileSegment
{
    /// <summary>Packed panel, [Steps][2 * Count] 32-bit elements.</summary>
    public float* B;

    /// <summary>Offset of the stretch in a row of A, in 32-bit elements.</summary>
    public int Column;

    /// <summary>Length in steps: floats, or groups of four bytes.</summary>
    public int Steps;

    /// <summary>Integer PV only: scales of the panel's columns.</summary>
    public float* ColumnScales;

    /// <summary>Integer PV only: what one code of P is worth in each row, relative to the row's output reference.</summary>
    public float* RowFactors;
}
