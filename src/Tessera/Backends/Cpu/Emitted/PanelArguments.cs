using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Backends.Cpu.Emitted;

/// <summary>What an emitted panel function reads through its one argument. Strides are bytes. Emitted code knows the offsets.</summary>
internal unsafe struct PanelArguments
{
    public TileSegment* Segments;
    public long SegmentCount;
    public float* A;
    public long AStride;
    public long Rows;
    public float* C;
    public long CStride;
    public float* Corrections;
    public float* Scales;

    /// <summary>Maxima of the rows of the current register tile, one vector a row; advanced by the function.</summary>
    public float* Maxima;

    /// <summary>Bytes of row factors in front of the current register tile; starts at 0 and is advanced by the function.</summary>
    public long FactorOffset;
}
