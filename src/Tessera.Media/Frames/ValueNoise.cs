namespace Tessera.Media.Frames;

/// <summary>Smooth noise over the plane: hashed lattice values with quintic interpolation, several octaves of halving strength.</summary>
internal readonly struct ValueNoise(ulong seed)
{
    /// <summary>Noise in 0..1 at a point, lattice spacing 1.</summary>
    public double At(double x, double y, int octaves)
    {
        double sum = 0;
        double strength = 1;
        double total = 0;
        for (int octave = 0; octave < octaves; octave++)
        {
            sum += strength * Single(x, y, (ulong)octave);
            total += strength;
            strength /= 2;
            x = (x * 2) + 17.3;
            y = (y * 2) + 5.9;
        }

        return sum / total;
    }

    private double Single(double x, double y, ulong layer)
    {
        double left = Math.Floor(x);
        double top = Math.Floor(y);
        double u = Smooth(x - left);
        double v = Smooth(y - top);
        double upper = Lattice(left, top, layer) + (u * (Lattice(left + 1, top, layer) - Lattice(left, top, layer)));
        double lower = Lattice(left, top + 1, layer) + (u * (Lattice(left + 1, top + 1, layer) - Lattice(left, top + 1, layer)));
        return upper + (v * (lower - upper));
    }

    private double Lattice(double x, double y, ulong layer)
    {
        // The finaliser of MurmurHash3 over the three coordinates.
        ulong hash = seed + (layer * 0x9E3779B97F4A7C15UL)
            + ((ulong)(long)x * 0xC2B2AE3D27D4EB4FUL) + ((ulong)(long)y * 0x165667B19E3779F9UL);
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDUL;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53UL;
        return ((hash ^ (hash >> 33)) >> 11) * (1.0 / (1UL << 53));
    }

    private static double Smooth(double t) => t * t * t * ((t * ((t * 6) - 15)) + 10);
}
