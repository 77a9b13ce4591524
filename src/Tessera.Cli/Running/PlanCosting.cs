using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Cli.Benchmarking;
using Tessera.Cli.Inputs;
using Tessera.Cli.Output;
using Tessera.Cli.Plans;
using Tessera.Cli.Terminal;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Cli.Running;

/// <summary>The work of <c>tessera plan cost</c>: predict a plan and its rivals, and run it when asked.</summary>
internal static class PlanCosting
{
    private const int Repeat = 7;

    public static PlanCostReport Predict(
        PlanCostRequest request, BackendCatalogue backends, IProgress<WorkStep> progress, CancellationToken cancellationToken)
    {
        AttentionPlan? read = request.PlanPath is { } path ? PlanFiles.Read(path).Schedule[StepContext.Standalone] : null;
        AttentionShape shape = read?.Shape ?? new AttentionShape(1, request.Heads, request.Length, request.Length, request.HeadDim);
        QuantizationRecipe recipe = request.Quantization is { } name
            ? RecipeNames.Resolve(name)
            : read?.Recipe ?? KnownRecipes.Float32;
        double density = read?.Mask.Density ?? request.Density;

        progress.Report(new WorkStep("measuring the constants of this machine, once", 0));
        CpuCostModel model = backends.OpenCostModel();
        IReadOnlyList<BlockSizeChoice> sizes = BlockSizeChoice.Compare(model, shape, density, recipe);
        cancellationToken.ThrowIfCancellationRequested();
        progress.Report(new WorkStep("predicting", 0.5));
        AttentionPlan plan = read is null
            ? Scattered(shape, request.Block ?? BlockSizeChoice.Best(sizes).Size, density, recipe)
            : read with { Recipe = recipe };
        PlanAdvice advice = PlanAdvice.For(plan, model);
        double? measured = null;
        if (request.Measure)
        {
            progress.Report(new WorkStep($"running {plan.Name}", 0.7));
            measured = Measure(plan, backends, cancellationToken);
        }

        return new PlanCostReport
        {
            Name = plan.Name,
            Shape = shape.ToString(),
            Recipe = recipe.Name,
            BlockSize = plan.Mask.Size.ToString(),
            Density = plan.Mask.Density,
            Machine = model.Constants.Machine,
            Predicted = CostStages.Of(advice.Plan),
            DenseSeconds = advice.Dense.Seconds,
            DenseFloat32Seconds = advice.DenseFloat32.Seconds,
            DenseIsFaster = advice.IsDenseFaster,
            BreakEvenDensity = advice.BreakEvenDensity,
            Note = advice.Note,
            BlockSizes = [.. sizes.Select(static one => new BlockSizeSeconds(one.Size.ToString(), one.Cost.Seconds))],
            RecommendedBlockSize = BlockSizeChoice.Best(sizes).Size.ToString(),
            MeasuredSeconds = measured,
            PredictionError = (advice.Plan.Seconds / measured) - 1,
        };
    }

    private static AttentionPlan Scattered(AttentionShape shape, BlockSize size, double density, QuantizationRecipe recipe) => new()
    {
        Name = $"scattered-d{density:0.00}-{recipe.Name}",
        Shape = shape,
        Mask = ScatteredMask.Of(shape.QueryLength, shape.KeyLength, size, density),
        Recipe = recipe,
    };

    private static double Measure(AttentionPlan plan, BackendCatalogue backends, CancellationToken cancellationToken)
    {
        HeadTensors tensors = NormalTensors.Draw(plan.Shape);
        float[] output = new float[tensors.Query.Length];
        using BenchmarkCase one = new(plan.Recipe.Name, plan.Mask.Density, plan, backends.Cpu);
        one.WarmUp(tensors, output, cancellationToken);
        for (int run = 0; run < Repeat; run++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            one.Record(tensors, output, cancellationToken);
        }

        return one.MedianSeconds;
    }
}
