namespace Tessera.Benchmarks.Reporting;

/// <summary>How quantities are printed.</summary>
internal static class Figures
{
    public static string Milliseconds(double seconds) => $"{seconds * 1e3:0.0}";

    public static string Factor(double factor) => double.IsNaN(factor) ? "-" : $"{factor:0.00}x";

    public static string Share(double share) => $"{share * 100:0.0} %";
}
