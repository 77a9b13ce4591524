using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>A tile product chosen once per plan; one virtual call per column panel.</summary>
internal abstract unsafe class TileProducts
{
    /// <summary>Columns of a panel.</summary>
    public abstract int PanelWidth { get; }

    /// <summary>Whether operands are bytes.</summary>
    public abstract bool IsInteger { get; }

    /// <summary>Name for reports, for example <c>int8 vnni 256</c>.</summary>
    public abstract string Name { get; }

    /// <summary>See <see cref="TileProduct{TIsa, TVector, TProduct, TTarget}.Panel"/>.</summary>
    public abstract void Panel(
        TileSegment* segments, int segmentCount, float* a, nint aStride, int rows, float* c, nint cStride, ScoreColumns* columns);
}

/// <summary>Closes a tile product over its types.</summary>
internal sealed unsafe class TileProducts<TIsa, TVector, TProduct, TTarget>(string name) : TileProducts
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TProduct : struct, IProduct<TVector>
    where TTarget : struct, ITileTarget
{
    public override int PanelWidth => TileProduct<TIsa, TVector, TProduct, TTarget>.PanelWidth;

    public override bool IsInteger => TProduct.IsInteger;

    public override string Name { get; } = name;

    public override void Panel(
        TileSegment* segments, int segmentCount, float* a, nint aStride, int rows, float* c, nint cStride, ScoreColumns* columns) =>
        TileProduct<TIsa, TVector, TProduct, TTarget>.Panel(segments, segmentCount, a, aStride, rows, c, cStride, columns);
}
