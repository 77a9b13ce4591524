using Tessera.Attention;
using Tessera.Benchmarks.Timing;

namespace Tessera.Benchmarks.Sections;

/// <summary>Stages of one method's calls: medians in seconds.</summary>
/// <param name="Method">Name of the method.</param>
/// <param name="Format">Recipe of the plan.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="Density">Share of blocks computed.</param>
/// <param name="Orders">Token orders of the heads; empty for the natural one.</param>
/// <param name="Times">Figures of whole calls.</param>
/// <param name="Plan">Planning from Q and K, or looking up a stored plan.</param>
/// <param name="Compile">Compiling a plan that was made in the call.</param>
/// <param name="Permute">Reordering outside the packing pass.</param>
/// <param name="Quantize">Smoothing, quantising and packing.</param>
/// <param name="Attend">Scores, softmax, PV and the inverse order.</param>
/// <param name="Around">Whole call less attention.</param>
/// <param name="ShareOfDense">Around over the median of dense float32.</param>
internal sealed record StageRow(
    string Method, string Format, int HeadDim, double Density, string Orders, RunTimes Times, double Plan, double Compile, double Permute,
    double Quantize, double Attend, double Around, double ShareOfDense)
{
    public static StageRow Of(MethodContestant contestant, IReadOnlyList<Sample> samples, double denseSeconds)
    {
        AttentionPlan plan = contestant.Plan;
        double around = Median(static sample => sample.Seconds - sample.Stages.Attend.TotalSeconds);
        return new StageRow(
            contestant.Name, plan.Recipe.Name, plan.Shape.HeadDim, contestant.Density,
            string.Join(", ", plan.Orders.Select(static order => order.Name)), RunTimes.Of(samples),
            Median(static sample => sample.Stages.Plan.TotalSeconds),
            Median(static sample => sample.Compile.TotalSeconds),
            Median(static sample => sample.Stages.Permute.TotalSeconds),
            Median(static sample => sample.Stages.Quantize.TotalSeconds),
            Median(static sample => sample.Stages.Attend.TotalSeconds), around, around / denseSeconds);

        double Median(Func<Sample, double> figure) => RunTimes.MedianOf(samples.Select(figure));
    }
}
