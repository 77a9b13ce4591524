namespace Tessera.Cli.Output;

/// <summary>Numbers as people read them.</summary>
internal static class Figures
{
    public const string Absent = "-";

    /// <summary>A duration with a unit that keeps three figures.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        0 => "0",
        < 1e-3 => $"{seconds * 1e6:0} us",
        < 1 => $"{seconds * 1e3:0.0} ms",
        < 120 => $"{seconds:0.00} s",
        _ => $"{seconds / 60:0.0} min",
    };

    public static string Share(double? share) => share is { } value ? $"{value * 100:0.0} %" : Absent;

    public static string Cosine(double? cosine) => cosine is { } value ? $"{value:0.000000}" : Absent;

    public static string Error(double? error) => error is { } value ? value == 0 ? "0" : $"{value:0.00e+0}" : Absent;

    public static string Factor(double? factor) => factor is { } value ? $"{value:0.00}x" : Absent;
}
