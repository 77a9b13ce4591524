namespace Tessera.Backends.Cpu.Kernels;

/// <summary>Which of the two products of attention a tile computes.</summary>
internal interface ITileTarget
{
    /// <summary>PV, which adds to the output rows; otherwise QK, which writes scores.</summary>
    static abstract bool IsOutput { get; }
}

internal readonly struct ScoreTarget : ITileTarget
{
    public static bool IsOutput => false;
}

internal readonly struct OutputTarget : ITileTarget
{
    public static bool IsOutput => true;
}
