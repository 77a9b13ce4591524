namespace Tessera.Wan.Transformer;

/// <summary>How the transformer uses the machine.</summary>
public sealed record WanTransformerOptions
{
    /// <summary>Threads; 0 for all processors. Results do not depend on it.</summary>
    public int Threads { get; init; }
}
