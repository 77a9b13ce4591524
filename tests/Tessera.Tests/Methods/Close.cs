namespace Tessera.Tests.Methods;

/// <summary>Doubles that differ by at most an absolute tolerance are equal.</summary>
internal sealed class Close(double tolerance) : IEqualityComparer<double>
{
    public bool Equals(double x, double y) => x == y || Math.Abs(x - y) <= tolerance;

    public int GetHashCode(double value) => 0;
}
