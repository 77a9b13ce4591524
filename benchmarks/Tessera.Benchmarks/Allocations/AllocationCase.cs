using Tessera.Attention;

namespace Tessera.Benchmarks.Allocations;

/// <summary>One steady-state call whose allocations are gated.</summary>
/// <param name="Name">Key in <c>allocations.json</c>.</param>
/// <param name="Plan">The plan, small: allocations do not depend on lengths.</param>
/// <param name="WantsLogSumExp">Whether the call asks for the log-sum-exp too.</param>
internal sealed record AllocationCase(string Name, AttentionPlan Plan, bool WantsLogSumExp = false)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}
