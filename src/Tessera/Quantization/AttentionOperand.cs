namespace Tessera.Quantization;

/// <summary>The stored operands of attention. Per-thread scale groups differ between queries and keys.</summary>
public enum AttentionOperand
{
    /// <summary>Q.</summary>
    Query = 0,

    /// <summary>K.</summary>
    Key,

    /// <summary>V.</summary>
    Value,
}
