namespace Tessera.Neural.Products;

/// <summary>Registers in a row of a packed panel as a type, so that the JIT drops the accumulators of absent ones.</summary>
internal interface IPanelVectors
{
    /// <summary>1, 2 or 3.</summary>
    static abstract int Vectors { get; }
}

internal readonly struct OneVector : IPanelVectors
{
    public static int Vectors => 1;
}

internal readonly struct TwoVectors : IPanelVectors
{
    public static int Vectors => 2;
}

internal readonly struct ThreeVectors : IPanelVectors
{
    public static int Vectors => 3;
}
