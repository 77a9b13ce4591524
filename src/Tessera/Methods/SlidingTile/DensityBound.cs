namespace Tessera.Methods.SlidingTile;

/// <summary>On which side of a requested density a window may lie; windows come in whole tiles.</summary>
public enum DensityBound
{
    /// <summary>The densest window that computes no more than asked for: a budget. The smallest window when even that is above.</summary>
    AtMost = 0,

    /// <summary>The cheapest window that computes at least as much as asked for: a quality floor.</summary>
    AtLeast,
}
