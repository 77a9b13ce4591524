namespace Tessera.Media.Frames;

/// <summary>
/// One moment of a <see cref="SyntheticScene"/>. Shapes are signed distances; edges are one pixel soft, so nothing flickers.
/// </summary>
internal readonly record struct SyntheticMoment(
    SyntheticScene Scene, double CameraX, double CameraY, double LightAngle, double BallX, double BallY, double BallTurn,
    double TileX, double TileY, double TileTurn, double RingX, double RingY, double RingRadius, double PillarX)
{
    private static readonly Colour Coral = new(0.91, 0.42, 0.32);
    private static readonly Colour Cream = new(0.97, 0.91, 0.79);
    private static readonly Colour Gold = new(0.94, 0.72, 0.29);
    private static readonly Colour Plum = new(0.42, 0.24, 0.44);
    private static readonly Colour Mint = new(0.60, 0.84, 0.74);
    private static readonly Colour Slate = new(0.17, 0.20, 0.25);

    /// <summary>
    /// Colour at a point of the frame; x to the right, y down, in frame heights from the centre; pixel is the size of one.
    /// </summary>
    public Colour ColourAt(double x, double y, double pixel)
    {
        Colour colour = GroundAt(x, y);
        double shadow = Math.Max(
            Soft(Length(x - BallX - 0.03, y - BallY - 0.04) - 0.15, 0.06),
            Soft(Box(x - TileX - 0.03, y - TileY - 0.04, TileTurn, 0.13), 0.06));
        colour = colour.Lit(1 - (0.38 * shadow));

        double ring = Math.Abs(Length(x - RingX, y - RingY) - RingRadius) - 0.028;
        colour = colour.Towards(Mint.Lit(0.85 + (0.15 * Math.Sin(Math.Atan2(y - RingY, x - RingX) + LightAngle))), Soft(ring, pixel));
        colour = colour.Towards(TileAt(x, y, pixel), Soft(Box(x - TileX, y - TileY, TileTurn, 0.125), pixel));
        colour = colour.Towards(BallAt(x, y, pixel), Soft(Length(x - BallX, y - BallY) - 0.15, pixel));
        return colour.Towards(PillarAt(x, y), Soft(Math.Abs(x - PillarX) - 0.055, pixel));
    }

    private Colour GroundAt(double x, double y)
    {
        double worldX = x + CameraX;
        double worldY = y + CameraY;
        double texture = Scene.Noise.At(5 * worldX, 5 * worldY, 4);
        double weave = 0.5 + (0.25 * (Math.Sin(38 * (worldX + (0.06 * texture))) + Math.Sin(38 * (worldY - (0.06 * texture)))));
        double light = 0.5 + (0.42 * ((x * Math.Cos(LightAngle)) + (y * Math.Sin(LightAngle))));
        return Scene.Ground.Towards(Scene.Light, Math.Clamp((0.62 * light) + (0.55 * (texture - 0.5)), 0, 1)).Lit(0.88 + (0.16 * weave));
    }

    private Colour BallAt(double x, double y, double pixel)
    {
        double u = (x - BallX) / 0.15;
        double v = (y - BallY) / 0.15;
        double angle = Math.Atan2(v, u) - BallTurn;
        double band = Soft(Math.Sin(3 * angle) / 3 * Length(u, v), pixel / 0.15);
        double shade = 0.62 + (0.38 * Math.Sqrt(Math.Max(0, 1 - (0.8 * ((u + 0.35) * (u + 0.35))) - (0.8 * ((v + 0.4) * (v + 0.4))))));
        double hub = Soft(Length(u, v) - 0.28, pixel / 0.15);
        return Coral.Towards(Cream, band).Towards(Gold, hub).Lit(shade);
    }

    private Colour TileAt(double x, double y, double pixel)
    {
        (double u, double v) = Turn(x - TileX, y - TileY, TileTurn);
        double check = Soft(Math.Sin(u * 50) * Math.Sin(v * 50) / 50, pixel);
        double rim = Soft(0.1 - Math.Max(Math.Abs(u), Math.Abs(v)), pixel);
        return Plum.Towards(Gold, check).Towards(Cream, rim).Lit(0.86 + (0.6 * (u - v)));
    }

    private Colour PillarAt(double x, double y)
    {
        double round = (x - PillarX) / 0.055;
        double grain = Scene.Noise.At(60 * (x - PillarX), 7 * y, 3);
        return Slate.Lit((0.75 + (0.65 * Math.Sqrt(Math.Max(0, 1 - ((round + 0.25) * (round + 0.25) / 1.6))))) * (0.8 + (0.4 * grain)));
    }

    /// <summary>1 inside (negative distance), 0 outside, with a soft edge of the given width.</summary>
    private static double Soft(double distance, double edge)
    {
        double t = Math.Clamp(0.5 - (distance / edge), 0, 1);
        return t * t * (3 - (2 * t));
    }

    private static double Length(double x, double y) => Math.Sqrt((x * x) + (y * y));

    private static (double U, double V) Turn(double x, double y, double angle)
    {
        (double sine, double cosine) = Math.SinCos(angle);
        return ((x * cosine) + (y * sine), (y * cosine) - (x * sine));
    }

    private static double Box(double x, double y, double angle, double half)
    {
        (double u, double v) = Turn(x, y, angle);
        double a = Math.Abs(u) - half + 0.02;
        double b = Math.Abs(v) - half + 0.02;
        return Length(Math.Max(a, 0), Math.Max(b, 0)) + Math.Min(Math.Max(a, b), 0) - 0.02;
    }
}
