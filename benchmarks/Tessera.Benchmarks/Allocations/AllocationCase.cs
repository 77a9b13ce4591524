using Tessera.Attention;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Allocations;

/// <summary>One steady-state call whose allocations are gated.</summary>
/// <param name="Name">Key in <c>allocations.json</c>.</param>
/// <param name="Plan">The plan, small: allocations do not depend on lengths.</param>
/// <param name="WantsLogSumExp">Whether the call asks for the log-sum-exp too.</param>
internal sealed record AllocationCase(string Name, AttentionPlan Plan, bool WantsLogSumExp = false)
{
    /// <summary>Format of the tensors that the call is given: binary32, bfloat16 or binary16.</summary>
    public NumberFormat InputFormat { get; init; }

    /// <summary>Rotation of Q and K inside the call, or null.</summary>
    public RotaryEmbedding? Rotary { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
