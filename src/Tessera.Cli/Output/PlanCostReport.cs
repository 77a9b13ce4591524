using Tessera.Attention;

namespace Tessera.Cli.Output;

/// <summary>What <c>tessera plan cost</c> predicts.</summary>
internal sealed record PlanCostReport : Report
{
    public override string Command => "plan cost";

    public required string Name { get; init; }

    public required string Shape { get; init; }

    public required string Recipe { get; init; }

    public required string BlockSize { get; init; }

    public required double Density { get; init; }

    /// <summary>Processor, instruction set, threads and build of the constants.</summary>
    public required string Machine { get; init; }

    public required CostStages Predicted { get; init; }

    /// <summary>Dense attention in the same formats.</summary>
    public required double DenseSeconds { get; init; }

    public required double DenseFloat32Seconds { get; init; }

    /// <summary>Whether computing every block in the same formats is predicted to be faster.</summary>
    public required bool DenseIsFaster { get; init; }

    /// <summary>Largest density at which evenly spread blocks are no slower than dense attention in the same formats.</summary>
    public required double BreakEvenDensity { get; init; }

    /// <summary>One sentence of advice.</summary>
    public required string Note { get; init; }

    public required IReadOnlyList<BlockSizeSeconds> BlockSizes { get; init; }

    /// <summary>The smallest blocks within 5 % of the fastest.</summary>
    public required string RecommendedBlockSize { get; init; }

    /// <summary>Median wall seconds of real runs; null unless asked for.</summary>
    public double? MeasuredSeconds { get; init; }

    /// <summary>Predicted over measured, less 1.</summary>
    public double? PredictionError { get; init; }
}

/// <summary>Predicted wall seconds by stage.</summary>
/// <param name="Total">All stages.</param>
/// <param name="Pack">Quantising and packing K and V.</param>
/// <param name="Rows">Packing Q, storing the output.</param>
/// <param name="Scores">QK.</param>
/// <param name="Softmax">Scores to probabilities.</param>
/// <param name="Output">PV.</param>
/// <param name="Hide">Predicates and score functors.</param>
/// <param name="Memory">Waiting for memory beyond the second-level cache.</param>
/// <param name="Imbalance">Waiting for the last thread.</param>
/// <param name="Dispatch">Starting threads.</param>
internal sealed record CostStages(
    double Total, double Pack, double Rows, double Scores, double Softmax, double Output, double Hide, double Memory, double Imbalance,
    double Dispatch)
{
    public static CostStages Of(CostEstimate cost) => new(
        cost.Seconds, cost.Pack, cost.Rows, cost.Scores, cost.Softmax, cost.Output, cost.Hide, cost.Memory, cost.Imbalance, cost.Dispatch);
}

/// <summary>Predicted wall seconds in blocks of one size.</summary>
/// <param name="Size">Tokens per block, query x key.</param>
/// <param name="Seconds">Of evenly spread blocks at the plan's density.</param>
internal sealed record BlockSizeSeconds(string Size, double Seconds);
