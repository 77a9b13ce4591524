namespace Tessera.Media.Drawing;

/// <summary>
/// Maps 0..1 to a colour whose lightness grows evenly, so that equal steps look equal, also in gray and to the colour-blind.
/// </summary>
public static class ColorMap
{
    // Sixth-degree fit of matplotlib's viridis, per channel (Zucker, CC0): c0 + t (c1 + t (c2 + ...)).
    private static readonly double[] Red =
        [0.2777273272, 0.1050930431, -0.3308618287, -4.6342304990, 6.2282699363, 4.7763849977, -5.4354558559];
    private static readonly double[] Green =
        [0.0054073445, 1.4046135299, 0.2148475595, -5.7991009734, 14.1799333668, -13.7451453777, 4.6458526122];
    private static readonly double[] Blue =
        [0.3340998053, 1.3845901626, 0.0950951630, -19.3324409563, 56.6905526007, -65.3530326334, 26.3124352496];

    /// <summary>Viridis: dark violet at 0, green in the middle, yellow at 1. Values outside are cut; NaN is 0.</summary>
    public static (byte Red, byte Green, byte Blue) Viridis(double value)
    {
        double t = double.IsNaN(value) ? 0 : Math.Clamp(value, 0, 1);
        return (ToByte(Horner(Red, t)), ToByte(Horner(Green, t)), ToByte(Horner(Blue, t)));
    }

    private static double Horner(double[] coefficients, double t)
    {
        double sum = 0;
        for (int i = coefficients.Length - 1; i >= 0; i--)
        {
            sum = (sum * t) + coefficients[i];
        }

        return sum;
    }

    private static byte ToByte(double value) => (byte)Math.Clamp(Math.Round(value * 255), 0, 255);
}
