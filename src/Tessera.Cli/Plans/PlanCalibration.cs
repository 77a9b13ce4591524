using Tessera.Attention;
using Tessera.Cli.Inputs;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Methods;
using Tessera.Serialization;

namespace Tessera.Cli.Plans;

/// <summary>The work of <c>tessera plan calibrate</c>.</summary>
internal static class PlanCalibration
{
    public static PlanReport Calibrate(
        CalibrationRequest request, BackendCatalogue backends, IProgress<WorkStep> progress, CancellationToken cancellationToken)
    {
        OutputFile output = OutputFile.Open(request.OutputPath, request.Input.Files);
        IAttentionMethod method = MethodCatalogue.Create(request.Method, request.Density, backends);
        if (method.IsOnline)
        {
            throw CommandException.Usage(
                $"method {method.Name} plans from the queries and keys of every call, so there is nothing to calibrate; use it in 'tessera "
                + "attention run'.");
        }

        progress.Report(new WorkStep($"reading {request.Input.Source}", 0));
        LoadedInput input = InputLoader.Load(request.Input, cancellationToken);
        AttentionSession session = new(input.Tensors, input.Grid, backends, BackendSelector.Auto, repeat: 1, cancellationToken);
        progress.Report(new WorkStep($"calibrating {method.Name}", 0.1));
        (AttentionPlan plan, TimeSpan time) = session.Plan(method, request.Quantization is { } name ? RecipeNames.Resolve(name) : null);
        progress.Report(new WorkStep("measuring the kept mass", 0.7));
        double[] kept = session.KeptMass(plan);
        MethodDescription description = method.Describe();
        PlanFile file = PlanFile.Of(plan, request.Model) with
        {
            KeptMass = [.. kept.Select(static mass => (float)mass)],
            Properties = new Dictionary<string, string>
            {
                ["method"] = description.Title,
                ["citation"] = description.Citation,
                ["settings"] = description.Settings,
                ["input"] = request.Input.Source,
                ["tessera"] = Doctor.Version,
            },
        };
        cancellationToken.ThrowIfCancellationRequested();
        file = file with { Hash = file.Save(output.FullPath) };
        return PlanReport.Of("plan calibrate", output.FullPath, file) with { Seconds = time.TotalSeconds };
    }
}
