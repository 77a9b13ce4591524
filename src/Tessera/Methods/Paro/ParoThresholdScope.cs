namespace Tessera.Methods.Paro;

/// <summary>Over what a mask's density is met. The paper leaves this open.</summary>
public enum ParoThresholdScope
{
    /// <summary>One tau over all heads and mask groups, found by bisection: heads that need more blocks get more.</summary>
    Global = 0,

    /// <summary>One tau per head and mask group, so that every head has the target density.</summary>
    PerHead,

    /// <summary>The same number of blocks in every block row.</summary>
    PerRowCount,

    /// <summary>Per block row the fewest blocks that hold <see cref="ParoOptions.RowMass"/> of its mass; density follows.</summary>
    PerRowMass,

    /// <summary>A given tau (<see cref="ParoOptions.Threshold"/>); density follows.</summary>
    Fixed,
}
