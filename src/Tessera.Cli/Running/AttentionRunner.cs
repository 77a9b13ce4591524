using Tessera.Attention;
using Tessera.Cli.Inputs;
using Tessera.Cli.Output;
using Tessera.Cli.Plans;
using Tessera.Cli.Terminal;
using Tessera.Methods;
using Tessera.Quantization;

namespace Tessera.Cli.Running;

/// <summary>The work of <c>tessera attention run</c>: load, plan, run, compare, write.</summary>
internal static class AttentionRunner
{
    public static RunReport Execute(
        RunRequest request, BackendCatalogue backends, IProgress<WorkStep> progress, CancellationToken cancellationToken)
    {
        OutputFile? output = request.OutputPath is { } path ? OutputFile.Open(path, [.. request.Input.Files, request.PlanPath]) : null;
        progress.Report(new WorkStep($"reading {request.Input.Source}", 0));
        LoadedInput input = InputLoader.Load(request.Input, cancellationToken);
        AttentionSession session = new(input.Tensors, input.Grid, backends, request.Backend, repeat: 1, cancellationToken);

        progress.Report(new WorkStep("planning", 0.1));
        (AttentionPlan planned, TimeSpan planTime, bool plansPerCall) = MakePlan(request, session, backends);
        progress.Report(new WorkStep($"running {planned.Name}", 0.2));
        AttentionMeasurement measured = session.Run(planned, planTime, plansPerCall, compare: false);
        if (request.Compare)
        {
            progress.Report(new WorkStep("comparing with dense float32", 0.5));
            measured = measured with { Fidelity = session.Compare(planned, measured.Output) };
        }

        cancellationToken.ThrowIfCancellationRequested();
        progress.Report(new WorkStep("writing", 0.95));
        if (output is not null)
        {
            TensorFiles.WriteOutput(output, input.Tensors, measured, input.Grid);
        }

        return Describe(request, input, session, measured, output);
    }

    private static (AttentionPlan Plan, TimeSpan Time, bool PlansPerCall) MakePlan(
        RunRequest request, AttentionSession session, BackendCatalogue backends)
    {
        QuantizationRecipe? recipe = request.Quantization is { } name ? RecipeNames.Resolve(name) : null;
        if (request.PlanPath is { } path)
        {
            AttentionPlan read = PlanFiles.ReadFor(path, session.Tensors, session.Grid, request.Method);
            return (recipe is null ? read : read with { Recipe = recipe }, TimeSpan.Zero, false);
        }

        IAttentionMethod method = MethodCatalogue.Create(request.Method!, request.Density, backends);
        (AttentionPlan plan, TimeSpan time) = session.Plan(method, recipe);
        return (plan, time, method.IsOnline);
    }

    private static RunReport Describe(
        RunRequest request, LoadedInput input, AttentionSession session, AttentionMeasurement measured, OutputFile? output)
    {
        double? dense = measured.Fidelity is null ? null : session.Dense.Wall.TotalSeconds;
        return new RunReport
        {
            Input = InputSummary.Of(input.Tensors, input.Grid),
            Method = request.Method ?? "plan",
            Plan = PlanSummary.Of(measured.Plan, input.Grid),
            Backend = BackendSummary.Of(measured.Choice),
            BlocksComputed = measured.Statistics.BlocksComputed,
            BlocksTotal = measured.Statistics.BlocksTotal,
            ProbabilityTilesSkipped = measured.Statistics.ProbabilityTilesSkipped,
            Stages = StageSeconds.Of(measured),
            Seconds = measured.Wall.TotalSeconds,
            PlansPerCall = measured.PlansPerCall,
            KeptMass = measured.Fidelity?.KeptMass,
            HeadKeptMass = measured.Fidelity?.HeadKeptMass,
            Error = measured.Fidelity is { } fidelity ? ErrorSummary.Of(fidelity.Error) : null,
            SparsityError = measured.Fidelity is { } split ? ErrorSummary.Of(split.SparsityError) : null,
            DenseSeconds = dense,
            SpeedUp = dense / measured.PerCall.TotalSeconds,
            OverheadShare = measured.Overhead.TotalSeconds / dense,
            Output = output?.FullPath,
        };
    }
}
