namespace Tessera.Attention;

/// <summary>
/// Predicts what a plan will cost on one machine, without running it: to choose block sizes, to tell when skipping blocks does not pay, and
/// to plan budgets. A backend that can be predicted offers one.
/// </summary>
public interface ICostModel
{
    /// <summary>Wall time of one run of the plan in steady state, planning and compilation excluded.</summary>
    /// <param name="plan">Any plan that the backend supports.</param>
    /// <exception cref="PlanMismatchException">The plan's parts do not fit together.</exception>
    /// <exception cref="BackendUnavailableException">The backend cannot run the plan, so that it has no cost there.</exception>
    CostEstimate Predict(AttentionPlan plan);
}
