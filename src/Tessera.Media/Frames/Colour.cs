namespace Tessera.Media.Frames;

/// <summary>A colour of display values, each 0..1.</summary>
internal readonly record struct Colour(double Red, double Green, double Blue)
{
    /// <summary>A mix: this at 0, the other at 1.</summary>
    public Colour Towards(Colour other, double share) => new(
        Red + ((other.Red - Red) * share), Green + ((other.Green - Green) * share), Blue + ((other.Blue - Blue) * share));

    /// <summary>All parts multiplied.</summary>
    public Colour Lit(double light) => new(Red * light, Green * light, Blue * light);
}
