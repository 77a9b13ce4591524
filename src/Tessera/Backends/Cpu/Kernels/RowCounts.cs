namespace Tessera.Backends.Cpu.Kernels;

/// <summary>Rows of a register tile as a type, so that the JIT drops the accumulators of absent rows.</summary>
internal interface IRowCount
{
    /// <summary>Rows: 2, 4, 6 or 8.</summary>
    static abstract int Rows { get; }
}

internal readonly struct TwoRows : IRowCount
{
    public static int Rows => 2;
}

internal readonly struct FourRows : IRowCount
{
    public static int Rows => 4;
}

internal readonly struct SixRows : IRowCount
{
    public static int Rows => 6;
}

internal readonly struct EightRows : IRowCount
{
    public static int Rows => 8;
}
