namespace Tessera.Layout;

/// <summary>Integer division that rounds up: how many blocks cover a length.</summary>
internal static class CeilingDivision
{
    /// <summary>The smallest integer not below <paramref name="dividend"/> / <paramref name="divisor"/>, both non-negative.</summary>
    public static int Of(int dividend, int divisor) => (int)(((long)dividend + divisor - 1) / divisor);
}
