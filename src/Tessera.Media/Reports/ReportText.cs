using System.Globalization;
using System.Net;
using Tessera.Media.Formats;

namespace Tessera.Media.Reports;

/// <summary>How a report writes texts, numbers and pictures.</summary>
internal static class ReportText
{
    /// <summary>What stands where nothing was measured.</summary>
    public const string None = "–";

    /// <summary>Text that is safe inside elements and attributes.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A share as percent with one decimal.</summary>
    public static string Percent(double? share) =>
        share is { } value && double.IsFinite(value) ? $"{(100 * value).ToString("0.0", CultureInfo.InvariantCulture)} %" : None;

    /// <summary>An error with three significant digits.</summary>
    public static string Error(double? error) => error switch
    {
        null => None,
        0 => "0",
        double value when !double.IsFinite(value) => None,
        double value when value >= 0.001 => Significant(value),
        double value => value.ToString("0.00e0", CultureInfo.InvariantCulture),
    };

    /// <summary>A cosine with five decimals.</summary>
    public static string Cosine(double? cosine) => cosine is { } value ? value.ToString("0.00000", CultureInfo.InvariantCulture) : None;

    /// <summary>A time in milliseconds, or seconds from ten on.</summary>
    public static string Time(TimeSpan time) => time.TotalSeconds >= 10
        ? $"{time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s"
        : $"{Significant(time.TotalMilliseconds)} ms";

    /// <summary>A factor, for example <c>2.31×</c>.</summary>
    public static string Factor(double? factor) =>
        factor is { } value && double.IsFinite(value) ? $"{value.ToString("0.00", CultureInfo.InvariantCulture)}×" : None;

    /// <summary>A PNG or animated PNG as a data address.</summary>
    public static string DataAddress(byte[] png) => $"data:image/png;base64,{Convert.ToBase64String(png)}";

    /// <summary>A picture as a data address.</summary>
    public static string DataAddress(RasterImage image) => DataAddress(PngEncoder.Encode(image));

    private static string Significant(double value)
    {
        if (value == 0)
        {
            return "0";
        }

        int decimals = Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 6);
        return value.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }
}
