namespace Tessera.Wan.Pipeline;

/// <summary>What one stage of a generation will need.</summary>
/// <param name="Stage">Stage.</param>
/// <param name="WeightBytes">Weights, which stay mapped files: the system may drop and reread their pages.</param>
/// <param name="MemoryBytes">Memory besides: activations, caches, packed weights, frames.</param>
/// <param name="Parts">The work of the stage by kind.</param>
public sealed record StageEstimate(GenerationStage Stage, long WeightBytes, long MemoryBytes, IReadOnlyList<EstimatePart> Parts)
{
    /// <summary>Floating-point operations, two a multiply-add.</summary>
    public double Operations => Parts.Sum(static part => part.Operations);

    /// <summary>Expected time.</summary>
    public double Seconds => Parts.Sum(static part => part.Seconds);
}
