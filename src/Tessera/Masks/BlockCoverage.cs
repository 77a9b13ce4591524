namespace Tessera.Masks;

/// <summary>How much of a block a mask keeps.</summary>
public enum BlockCoverage
{
    /// <summary>No pair is visible: the block is skipped and touches no memory.</summary>
    Empty = 0,

    /// <summary>Some pairs may be hidden: the block is computed and masked element by element.</summary>
    Partial = 1,

    /// <summary>Every valid pair is visible.</summary>
    Full = 2,
}
