namespace Tessera.Cuda.Launch;

/// <summary>Size of a launch.</summary>
/// <param name="GridX">Blocks along x, 1 to 2^31 - 1.</param>
/// <param name="GridY">Blocks along y, 1 to 65535.</param>
/// <param name="GridZ">Blocks along z, 1 to 65535.</param>
/// <param name="Threads">Threads of a block (along x).</param>
/// <param name="SharedBytes">Dynamic shared memory of a block, in bytes.</param>
public readonly record struct LaunchShape(int GridX, int GridY, int GridZ, int Threads, int SharedBytes)
{
    /// <summary>Largest extent of a grid along y and z.</summary>
    public const int MaximumGridYZ = 65535;

    /// <summary>Largest number of threads of a block.</summary>
    public const int MaximumThreads = 1024;

    /// <summary>Blocks of the grid.</summary>
    public long Blocks => (long)GridX * GridY * GridZ;

    /// <summary>Checks the limits every device has.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside of them; the message names it.</exception>
    public void Validate()
    {
        Require(GridX >= 1, nameof(GridX), GridX, "1 to 2147483647");
        Require(GridY is >= 1 and <= MaximumGridYZ, nameof(GridY), GridY, "1 to 65535");
        Require(GridZ is >= 1 and <= MaximumGridYZ, nameof(GridZ), GridZ, "1 to 65535");
        Require(Threads is >= 1 and <= MaximumThreads, nameof(Threads), Threads, "1 to 1024");
        Require(SharedBytes >= 0, nameof(SharedBytes), SharedBytes, "0 or more");
    }

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"grid {GridX} x {GridY} x {GridZ}, {Threads} threads, {SharedBytes} B shared");

    private static void Require(bool condition, string name, int got, string wanted)
    {
        if (!condition)
        {
            throw new ArgumentOutOfRangeException(name, got, $"A launch needs {wanted} here.");
        }
    }
}
