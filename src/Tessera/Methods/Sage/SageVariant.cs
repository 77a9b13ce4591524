namespace Tessera.Methods.Sage;

/// <summary>Which SageAttention.</summary>
public enum SageVariant
{
    /// <summary>SageAttention: INT8 Q and K per block, P and V in binary16.</summary>
    Sage = 0,

    /// <summary>SageAttention2: INT8 Q and K per thread, P and V in FP8 E4M3.</summary>
    Sage2,

    /// <summary>SageAttention's -vB kernel: as the first, with INT8 P and V.</summary>
    Int8Value,
}
