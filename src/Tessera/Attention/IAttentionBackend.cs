namespace Tessera.Attention;

/// <summary>A machine that executes plans. It knows no method.</summary>
public interface IAttentionBackend
{
    /// <summary>Name as the command line spells it: <c>reference</c>, <c>cpu</c>, <c>cuda</c>.</summary>
    string Name { get; }

    /// <summary>Whether the plan can run here, with the reason.</summary>
    BackendSupport Supports(AttentionPlan plan);

    /// <summary>Validates the plan, sizes scratch memory and chooses kernels.</summary>
    /// <exception cref="PlanMismatchException">The plan's parts do not fit together.</exception>
    /// <exception cref="BackendUnavailableException">The plan cannot run here.</exception>
    IAttentionKernel Compile(AttentionPlan plan);
}
