namespace Tessera.Backends.Cpu;

/// <summary>When and for what the scales of an operand are found.</summary>
internal enum ScaleMode
{
    /// <summary>The format has no scale.</summary>
    None = 0,

    /// <summary>One per row, found while the row is packed.</summary>
    Row,

    /// <summary>One per column of each packed segment of V, found while the segment is packed.</summary>
    SegmentColumns,

    /// <summary>One per group of rows, found in a pass before packing.</summary>
    RowGroups,

    /// <summary>One per column and group of rows, found in a pass before packing.</summary>
    ColumnGroups,
}
