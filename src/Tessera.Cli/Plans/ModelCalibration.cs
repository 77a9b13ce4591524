using System.Diagnostics;
using Tessera.Attention;
using Tessera.Cli.Generating;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Neural.Checkpoints;
using Tessera.Quantization;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Pipeline;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.SelfAttention.Calibration;
using Tessera.Wan.Transformer;

namespace Tessera.Cli.Plans;

/// <summary>The work of <c>tessera plan calibrate --checkpoint</c>.</summary>
internal static class ModelCalibration
{
    /// <summary>Share of the progress bar that reading the prompts takes.</summary>
    private const double TextShare = 0.02;

    public static PlanReport Calibrate(
        CalibrationRequest request, ModelCalibrationRequest model, BackendCatalogue backends, IProgress<WorkStep> progress,
        TextWriter? log, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        OutputFile output = OutputFile.Open(request.OutputPath, model.PromptsPath);
        string[] prompts = ReadPrompts(model.PromptsPath);
        WanCheckpoint checkpoint = Find(model.Checkpoint);
        (Checkpoint weights, WanTransformerConfig config) = checkpoint.OpenTransformer();
        using (weights)
        {
            CalibrationSettings settings = Settings(request, model, config);
            SigmaTable table = new(model.Solver, model.Steps, model.Shift ?? ShiftOf(checkpoint));
            progress.Report(new WorkStep($"encoding {prompts.Length} prompts", 0));
            IReadOnlyList<CalibrationPrompt> encoded = CalibrationText.Encode(
                checkpoint, [.. prompts, model.NegativePrompt], config.TextLength, backends.Threads, cancellationToken);
            using WanTransformer transformer = new(weights, config, new WanTransformerOptions { Threads = backends.Threads });
            string state = model.StateFolder ?? $"{output.FullPath}.calibration";
            CalibrationRun run = new(
                transformer,
                new Wan.SelfAttention.Calibration.CalibrationRequest(settings, table)
                {
                    Prompts = [.. encoded.Take(prompts.Length)],
                    Negative = encoded[^1],
                    Guidance = model.Guidance,
                    Seed = model.Seed,
                    StateFolder = state,
                    Checkpoint = CheckpointFingerprint.Of(checkpoint),
                },
                new KernelSettings(backends.Selector), backends.MapReader);
            PlanFile file = Execute(run, state, new Translation(progress, log), cancellationToken);
            file = file with
            {
                Model = request.Model.Length > 0 ? request.Model : Path.GetFileName(Path.TrimEndingDirectorySeparator(checkpoint.Folder)),
                Properties = new Dictionary<string, string>(file.Properties) { ["tessera"] = Doctor.Version },
            };
            file = file with { Hash = file.Save(output.FullPath) };
            run.Discard();
            return PlanReport.Of("plan calibrate", output.FullPath, file) with
            {
                Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            };
        }
    }

    private static WanCheckpoint Find(string folder)
    {
        try
        {
            return WanCheckpoint.Find(folder);
        }
        catch (Exception fault) when (fault is DirectoryNotFoundException or CheckpointFormatException)
        {
            throw CheckpointAdvice.Unusable(fault);
        }
    }

    private static PlanFile Execute(
        CalibrationRun run, string state, Translation progress, CancellationToken cancellationToken)
    {
        try
        {
            return run.Execute(progress, cancellationToken);
        }
        catch (OperationCanceledException cancelled)
        {
            throw new CommandException(
                ExitCode.Cancelled, $"cancelled; the finished steps are kept in '{state}', and the same command goes on from there",
                cancelled);
        }
    }

    private static CalibrationSettings Settings(CalibrationRequest request, ModelCalibrationRequest model, WanTransformerConfig config)
    {
        if (!CalibrationSettings.Methods.Contains(request.Method))
        {
            throw CommandException.Usage(
                $"method {request.Method} has nothing to calibrate in a model; wanted one of "
                + $"{string.Join(", ", CalibrationSettings.Methods)}.");
        }

        DensePolicy policy = model.DenseSteps is null && model.DenseLayers is null
            ? WarmUpPolicies.Of(request.Method, selfCalibrates: false, model.Steps, config.Layers)
            : new DensePolicy(model.DenseSteps ?? 0, model.DenseLayers ?? 0);
        CalibrationSettings settings = new()
        {
            Model = config,
            Grid = WanTransformer.GridOf(model.Latent),
            StepCount = model.Steps,
            Method = request.Method,
            Recipe = request.Quantization is { } name ? Recipe(name) : null,
            WarmUp = policy,
            Groups = model.Groups,
            Steps = model.ObservedSteps,
        };
        return request.Density is { } density ? settings with { Density = density } : settings;
    }

    private static QuantizationRecipe Recipe(string name) => RecipeNames.Resolve(name);

    private static double ShiftOf(WanCheckpoint checkpoint) =>
        checkpoint.SchedulerConfigPath is { } path ? SchedulerConfig.Read(path).FlowShift : GenerationRequest.DefaultFlowShift;

    private static string[] ReadPrompts(string path)
    {
        if (!File.Exists(path))
        {
            throw CommandException.BadInput($"prompts '{path}' do not exist.");
        }

        string[] prompts = [.. File.ReadLines(path).Select(static line => line.Trim()).Where(static line => line.Length > 0)];
        return prompts.Length > 0 ? prompts : throw CommandException.BadInput($"'{path}' holds no prompt; wanted one a line.");
    }

    private sealed class Translation(IProgress<WorkStep> progress, TextWriter? log) : IProgress<CalibrationProgress>
    {
        private (int Prompt, int Step) _logged = (-1, -1);

        public void Report(CalibrationProgress value)
        {
            string left = value.Remaining is { } remaining ? $", {Figures.Duration(remaining.TotalSeconds)} left" : "";
            string line = $"prompt {value.Prompt + 1}/{value.Prompts}, step {value.Step + 1}/{value.Steps}{left}";
            progress.Report(new WorkStep(line, TextShare + ((1 - TextShare) * value.Fraction)));
            if (log is not null && _logged != (value.Prompt, value.Step))
            {
                _logged = (value.Prompt, value.Step);
                log.WriteLine(line);
            }
        }
    }
}
