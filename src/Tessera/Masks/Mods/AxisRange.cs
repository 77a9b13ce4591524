namespace Tessera.Masks.Mods;

/// <summary>Coordinates [Low, High] along one axis, both inclusive.</summary>
/// <param name="Low">First coordinate.</param>
/// <param name="High">Last coordinate.</param>
internal readonly record struct AxisRange(int Low, int High)
{
    /// <summary>Whether a coordinate lies inside.</summary>
    public bool Contains(int coordinate) => coordinate >= Low && coordinate <= High;
}
