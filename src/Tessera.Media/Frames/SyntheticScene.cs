namespace Tessera.Media.Frames;

/// <summary>The fixed parts of a <see cref="SyntheticClip"/>: noise, palette and paths that follow from the seed.</summary>
internal sealed class SyntheticScene
{
    private static readonly Colour[] Grounds = [new(0.10, 0.23, 0.29), new(0.16, 0.17, 0.30), new(0.13, 0.25, 0.20)];
    private static readonly Colour[] Lights = [new(0.93, 0.80, 0.58), new(0.95, 0.72, 0.62), new(0.80, 0.86, 0.72)];

    private readonly double _aspect;
    private readonly double _phase;
    private readonly double _direction;

    public SyntheticScene(ulong seed, double aspect)
    {
        _aspect = aspect;
        Noise = new ValueNoise(seed * 0x9E3779B97F4A7C15UL);
        _phase = Noise.At(0.5, 0.5, 1) * 2 * Math.PI;
        _direction = Noise.At(7.5, 3.5, 1) < 0.5 ? -1 : 1;
        int palette = (int)(seed % (ulong)Grounds.Length);
        Ground = Grounds[palette];
        Light = Lights[palette];
    }

    public ValueNoise Noise { get; }

    public Colour Ground { get; }

    public Colour Light { get; }

    /// <summary>Positions of everything at a time; lengths are in frame heights, angles in radians.</summary>
    public SyntheticMoment At(double seconds)
    {
        double sway = _phase + (1.1 * seconds);
        return new SyntheticMoment(
            this,
            CameraX: _direction * 0.22 * seconds,
            CameraY: 0.05 * Math.Sin(0.9 * seconds),
            LightAngle: _phase + (0.5 * seconds),
            BallX: _direction * ((0.34 * _aspect * Math.Sin(0.8 * sway)) + (0.04 * _aspect)),
            BallY: 0.24 - (0.12 * Math.Abs(Math.Sin(1.7 * seconds))),
            BallTurn: 2.2 * seconds,
            TileX: (-0.27 * _aspect) + (0.05 * Math.Sin(sway)),
            TileY: -0.16 + (0.05 * Math.Cos(1.3 * sway)),
            TileTurn: _direction * 0.9 * seconds,
            RingX: 0.26 * _aspect,
            RingY: -0.15,
            RingRadius: 0.155 + (0.03 * Math.Sin(2.1 * seconds)),
            PillarX: (0.10 * _aspect) - (_direction * 0.34 * (seconds % 4)));
    }
}
