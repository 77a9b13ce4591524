namespace Tessera.Attention;

/// <summary>What one run computed and how long its stages took.</summary>
/// <param name="BlocksComputed">Blocks whose scores were computed, over batch and heads.</param>
/// <param name="BlocksTotal">Blocks of the whole map, over batch and heads.</param>
/// <param name="ProbabilityTilesSkipped">Computed blocks whose PV product the second stage of SpargeAttention skipped.</param>
/// <param name="Stages">Wall time by stage.</param>
public readonly record struct AttentionStatistics(long BlocksComputed, long BlocksTotal, long ProbabilityTilesSkipped, StageTimes Stages)
{
    /// <summary>Share of blocks computed.</summary>
    public double Density => BlocksTotal == 0 ? 0 : (double)BlocksComputed / BlocksTotal;
}
