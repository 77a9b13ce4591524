namespace Tessera.Wan.Pipeline;

/// <summary>What one stage of a generation will need.</summary>
/// <param name="Stage">Stage.</param>
/// <param name="WeightBytes">Weights, which stay mapped files: the system may drop and reread their pages.</param>
/// <param name="MemoryBytes">Memory besides: activations, caches, packed weights, frames.</param>
/// <param name="Operations">Floating-point operations, two a multiply-add.</param>
/// <param name="Seconds">Expected time.</param>
public sealed record StageEstimate(
    GenerationStage Stage, long WeightBytes, long MemoryBytes, double Operations, double Seconds);
