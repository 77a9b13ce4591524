namespace Tessera.Backends.Cpu.Packing;

/// <summary>Where the packed rows of a query tile lie.</summary>
internal unsafe struct PackedQueries
{
    /// <summary>Rows, QueryStride 32-bit elements each.</summary>
    public float* Rows;

    /// <summary>Integer QK: what a code is worth in base-2 score units.</summary>
    public float* RowScales;

    /// <summary>What key smoothing takes from every score of a row, in natural units; null when nobody asks.</summary>
    public float* RowConstants;
}
