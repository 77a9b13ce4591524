namespace Tessera.Cli.Explaining;

/// <summary>Colours of heat maps: dark to yellow where blocks are computed, dark to grey-blue where they are skipped.</summary>
internal static class HeatPalette
{
    private static readonly (byte Red, byte Green, byte Blue)[] Computed =
        [(12, 8, 38), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)];
    private static readonly (byte Red, byte Green, byte Blue)[] Skipped =
        [(8, 10, 16), (26, 34, 48), (48, 62, 84), (78, 98, 128), (120, 144, 176)];

    /// <summary>Colour of a cell.</summary>
    /// <param name="brightness">0 to 1.</param>
    /// <param name="kept">Share of the cell that is computed, 0 to 1.</param>
    public static (byte Red, byte Green, byte Blue) ColorOf(double brightness, double kept)
    {
        (double Red, double Green, double Blue) warm = Interpolate(Computed, brightness);
        (double Red, double Green, double Blue) cold = Interpolate(Skipped, brightness);
        return (Mix(cold.Red, warm.Red, kept), Mix(cold.Green, warm.Green, kept), Mix(cold.Blue, warm.Blue, kept));
    }

    private static byte Mix(double from, double to, double share) => (byte)Math.Round(from + ((to - from) * share));

    private static (double Red, double Green, double Blue) Interpolate((byte Red, byte Green, byte Blue)[] stops, double at)
    {
        double position = Math.Clamp(at, 0, 1) * (stops.Length - 1);
        int first = Math.Min((int)position, stops.Length - 2);
        double share = position - first;
        (byte r0, byte g0, byte b0) = stops[first];
        (byte r1, byte g1, byte b1) = stops[first + 1];
        return (r0 + ((r1 - r0) * share), g0 + ((g1 - g0) * share), b0 + ((b1 - b0) * share));
    }
}
