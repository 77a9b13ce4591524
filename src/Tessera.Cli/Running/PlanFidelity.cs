using Tessera.Fidelity;

namespace Tessera.Cli.Running;

/// <summary>How faithful a plan is, split by cause.</summary>
/// <param name="Error">Output against dense float32: sparsity and number formats together.</param>
/// <param name="SparsityError">The same plan in float32 against dense: what skipping blocks alone costs.</param>
/// <param name="KeptMass">Share of the dense softmax on visible keys, mean over rows.</param>
/// <param name="HeadKeptMass">The same per head.</param>
internal sealed record PlanFidelity(AttentionError Error, AttentionError SparsityError, double KeptMass, double[] HeadKeptMass);
