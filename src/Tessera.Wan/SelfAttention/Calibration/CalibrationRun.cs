using System.Diagnostics;
using System.Globalization;
using Tessera.Attention;
using Tessera.Neural.Products;
using Tessera.Serialization;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Pipeline;
using Tessera.Wan.Sampling;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>
/// Calibrates plans in the running model: denoises every prompt densely up to the last step that is looked at, shows Q and K to the
/// method, and makes one plan file for all steps and layers. Interrupted at any point, it goes on from the last finished step and makes the
/// same file.
/// </summary>
public sealed class CalibrationRun
{
    /// <summary>Latent rows and columns of a token.</summary>
    private const int PatchSide = 2;

    private readonly WanTransformer _transformer;
    private readonly CalibrationRequest _request;
    private readonly KernelSettings _kernels;
    private readonly IReadOnlyList<double> _noiseTimes;
    private readonly CalibrationFolder _folder;
    private readonly LayerCalibration _calibration;
    private readonly LatentShape _shape;

    /// <summary>Opens a calibration, new or interrupted.</summary>
    /// <param name="transformer">The model.</param>
    /// <param name="request">Prompts, sampler and settings.</param>
    /// <param name="kernels">What runs dense attention.</param>
    /// <param name="reader">Streams statistics of softmax maps.</param>
    /// <exception cref="ArgumentException">Settings contradict each other or the model.</exception>
    /// <exception cref="InvalidDataException">The state folder holds another calibration.</exception>
    public CalibrationRun(WanTransformer transformer, CalibrationRequest request, KernelSettings kernels, IAttentionMapReader reader)
    {
        ArgumentNullException.ThrowIfNull(transformer);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(kernels);
        ArgumentNullException.ThrowIfNull(reader);
        CalibrationSettings settings = request.Settings;
        if (request.Prompts.Count == 0)
        {
            throw new ArgumentException("Calibration needs at least one prompt.", nameof(request));
        }

        if (settings.Model != transformer.Config || settings.StepCount != request.Table.StepCount)
        {
            throw new ArgumentException(
                $"Settings are for another model or {settings.StepCount} steps; wanted those of the transformer and its "
                    + $"{request.Table.StepCount} steps.",
                nameof(request));
        }

        _transformer = transformer;
        _request = request;
        _kernels = kernels;
        _noiseTimes = request.NoiseTimes;
        Steps = settings.StepsToObserve(_noiseTimes);
        _shape = new LatentShape(settings.Grid.Frames, PatchSide * settings.Grid.Height, PatchSide * settings.Grid.Width);
        _folder = CalibrationFolder.Open(request.StateFolder, Fingerprint());
        _calibration = LayerCalibration.Create(settings, _folder, reader);
    }

    /// <summary>Steps that are looked at.</summary>
    public IReadOnlyList<int> Steps { get; }

    /// <summary>Runs to the end.</summary>
    /// <param name="progress">Told after every layer.</param>
    /// <param name="cancellationToken">Stops between query blocks; what was finished is kept.</param>
    /// <returns>The plans with kept mass and settings, not saved yet.</returns>
    public PlanFile Execute(IProgress<CalibrationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        CalibrationTrajectory.Position? stored = CalibrationTrajectory.Load(_folder.TrajectoryPath);
        int firstPrompt = stored?.Prompt ?? 0;
        float[]? latent = stored?.Latent;
        SamplerState? state = stored?.State;
        Clock clock = new(this, progress, firstPrompt, state?.Step ?? 0);
        using CalibratingSelfAttention attention = new(_calibration, _request.Settings, Steps, _kernels);
        using TransformerContext? negative = ClassifierFreeGuidance.NeedsUnconditional(_request.Guidance) ? EncodeNegative() : null;
        if (firstPrompt > 0)
        {
            // The interruption may have come between the last step of the first prompt and its end.
            _calibration.EndFirstPrompt(cancellationToken);
        }

        for (int prompt = firstPrompt; prompt < _request.Prompts.Count; prompt++)
        {
            attention.Prompt = prompt;
            Denoise(prompt, latent, state, attention, negative, clock, cancellationToken);
            (latent, state) = (null, null);
            if (prompt == 0)
            {
                _calibration.EndFirstPrompt(cancellationToken);
            }
        }

        return Build(cancellationToken);
    }

    /// <summary>Removes the state folder; call it when the plan file is written.</summary>
    public void Discard() => _folder.Remove();

    private void Denoise(
        int prompt, float[]? latent, SamplerState? state, CalibratingSelfAttention attention, TransformerContext? negative, Clock clock,
        CancellationToken cancellationToken)
    {
        CalibrationPrompt text = _request.Prompts[prompt];
        Sampler sampler = Sampler.Create(_request.Table);
        if (state is not null)
        {
            sampler.Restore(state);
        }

        float[] sample = latent ?? LatentNoise.FromSeed(_shape, _request.Seed + (ulong)prompt);
        float[] velocity = new float[sample.Length];
        float[] unconditional = negative is null ? [] : new float[sample.Length];
        using TransformerContext context = _transformer.EncodeText(text.Rows, text.Count, cancellationToken);
        while (sampler.Step <= Steps[^1])
        {
            clock.Begin(prompt, sampler.Step);
            Forward(sampler, sample, context, GuidanceBranch.Conditional, attention, velocity, clock, cancellationToken);
            if (negative is not null)
            {
                Forward(sampler, sample, negative, GuidanceBranch.Unconditional, attention, unconditional, clock, cancellationToken);
                ClassifierFreeGuidance.Combine(velocity, unconditional, (float)_request.Guidance);
            }

            sampler.Advance(velocity, sample);
            bool last = sampler.Step > Steps[^1];
            CalibrationTrajectory.Save(
                _folder.TrajectoryPath, last ? prompt + 1 : prompt,
                last ? LatentNoise.FromSeed(_shape, _request.Seed + (ulong)prompt + 1) : sample,
                last ? Sampler.Create(_request.Table).Save() : sampler.Save());
        }
    }

    private void Forward(
        Sampler sampler, float[] sample, TransformerContext text, GuidanceBranch branch, CalibratingSelfAttention attention,
        float[] velocity, Clock clock, CancellationToken cancellationToken)
    {
        TransformerInputs inputs = new()
        {
            Latent = sample,
            Shape = _shape,
            Timestep = sampler.Timestep,
            Text = text,
            Step = new StepContext(sampler.Step, _request.Table.StepCount, 0, _request.Settings.Model.Layers)
            {
                NoiseTime = _noiseTimes[sampler.Step],
            },
            Branch = branch,
        };
        _transformer.Forward(inputs, attention, velocity, layersDone: clock, cancellationToken: cancellationToken);
    }

    private TransformerContext EncodeNegative() => _request.Negative is { } negative
        ? _transformer.EncodeText(negative.Rows, negative.Count)
        : throw new InvalidOperationException(
            FormattableString.Invariant($"Guidance {_request.Guidance} needs a negative prompt, which may be empty."));

    private PlanFile Build(CancellationToken cancellationToken)
    {
        CalibrationSettings settings = _request.Settings;
        AttentionPlan dense = AttentionPlan.Dense(settings.Shape) with { Grid = settings.Grid };
        List<IReadOnlyList<AttentionPlan>> layers = [];
        Dictionary<AttentionPlan, float[]> kept = new(ReferenceEqualityComparer.Instance);
        for (int layer = 0; layer < settings.Model.Layers; layer++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (layer < settings.WarmUp.FirstLayers)
            {
                layers.Add([.. Enumerable.Repeat(dense, settings.EffectiveGroups)]);
                continue;
            }

            IReadOnlyList<(AttentionPlan Plan, float[]? KeptMass)> built = _calibration.Build(layer);
            layers.Add([.. built.Select(static one => one.Plan)]);
            foreach ((AttentionPlan plan, float[]? mass) in built)
            {
                if (mass is not null)
                {
                    kept[plan] = mass;
                }
            }
        }

        PlanSchedule schedule = _calibration.Schedule(layers);
        float[] full = [.. Enumerable.Repeat(1f, settings.Model.Heads)];
        return new PlanFile
        {
            Schedule = schedule,
            KeptMass = kept.Count == 0 ? [] : [.. schedule.Plans.SelectMany(plan => kept.GetValueOrDefault(plan, full))],
            Properties = Properties(),
        };
    }

    private Dictionary<string, string> Properties()
    {
        CalibrationSettings settings = _request.Settings;
        return new Dictionary<string, string>
        {
            ["method"] = settings.Method,
            ["settings"] = settings.ToString(),
            ["sampler"] = _request.Table.ToString(),
            ["guidance"] = _request.Guidance.ToString("R", CultureInfo.InvariantCulture),
            ["seed"] = _request.Seed.ToString(CultureInfo.InvariantCulture),
            ["observed steps"] = string.Join(' ', Steps),
            ["prompts"] = _request.Prompts.Count.ToString(CultureInfo.InvariantCulture),
            ["checkpoint"] = _request.Checkpoint,
        };
    }

    // Statistics are sums of what dense attention computes: other arithmetic gives a file whose last bits are those of no whole run.
    private GenerationArithmetic Arithmetic()
    {
        WanTransformerConfig model = _request.Settings.Model;
        int tokens = _request.Settings.Grid.Tokens;
        return GenerationArithmetic.OfThisProcess(
            _kernels, ProductPrecision.Float32,
            AttentionPlan.Dense(new AttentionShape(1, model.Heads, tokens, tokens, model.HeadDim)) with { Grid = _request.Settings.Grid });
    }

    private string Fingerprint() => string.Join(
        '\n',
        [
            "tessera plan calibrate 2", $"{Arithmetic()}", $"{_request.Settings}", $"{string.Join(' ', Steps)}", $"{_request.Table}",
            FormattableString.Invariant($"guidance {_request.Guidance:R} seed {_request.Seed}"), _request.Checkpoint,
            _request.Negative?.Text ?? "", .. _request.Prompts.Select(static prompt => prompt.Text),
        ]);

    /// <summary>Counts layers and tells the time left from the pace of this run.</summary>
    private sealed class Clock : IProgress<int>
    {
        private readonly IProgress<CalibrationProgress>? _progress;
        private readonly long _start = Stopwatch.GetTimestamp();
        private readonly int _prompts;
        private readonly int _steps;
        private readonly long _total;
        private readonly long _before;
        private long _done;
        private int _prompt;
        private int _step;

        public Clock(CalibrationRun run, IProgress<CalibrationProgress>? progress, int firstPrompt, int firstStep)
        {
            _progress = progress;
            _prompts = run._request.Prompts.Count;
            _steps = run.Steps[^1] + 1;
            int branches = ClassifierFreeGuidance.NeedsUnconditional(run._request.Guidance) ? 2 : 1;
            long perStep = (long)branches * run._request.Settings.Model.Layers;
            _total = perStep * _steps * _prompts;
            _before = perStep * ((_steps * (long)firstPrompt) + firstStep);
            _done = _before;
        }

        public void Begin(int prompt, int step) => (_prompt, _step) = (prompt, step);

        public void Report(int value)
        {
            _done++;
            double pace = Stopwatch.GetElapsedTime(_start).TotalSeconds / (_done - _before);
            _progress?.Report(new CalibrationProgress(
                _prompt, _prompts, _step, _steps, (double)_done / _total, TimeSpan.FromSeconds(pace * (_total - _done))));
        }
    }
}
