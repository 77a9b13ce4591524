using System.Diagnostics;
using System.Security.Cryptography;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Media.Frames;
using Tessera.Quantization;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.Pipeline;

/// <summary>One generation from its checked request to its result; the stages in order.</summary>
/// <param name="model">The model.</param>
/// <param name="options">How to run.</param>
/// <param name="kernels">What runs attention plans.</param>
/// <param name="factory">Makes self-attention.</param>
/// <param name="request">A legal request.</param>
/// <param name="estimate">What it is expected to need, for shares of progress.</param>
internal sealed class GenerationRun(
    LoadedModel model, WanOptions options, KernelSettings kernels, SelfAttentionFactory factory, GenerationRequest request,
    GenerationEstimate estimate)
{
    private const int TextStage = 0;
    private const int DecodeStage = 2;

    private readonly LatentShape _shape = LatentShape.OfVideo(request.FrameCount, request.Height, request.Width);

    /// <summary>Sees intermediate values.</summary>
    public GenerationProbe? Probe { get; init; }

    /// <summary>Runs all stages.</summary>
    /// <param name="resume">Keeps and continues the state; null keeps none.</param>
    /// <param name="progress">Receives reports on the caller's thread.</param>
    /// <param name="cancellationToken">Polled everywhere; the state of the last whole step stays in <paramref name="resume"/>.</param>
    public GenerationResult Run(ResumeFile? resume, IProgress<StepProgress>? progress, CancellationToken cancellationToken)
    {
        resume?.RequireUsable();
        SelfAttentionOptions asked = request.Attention ?? options.Attention;
        SigmaTable table = new(
            request.Solver, request.StepCount,
            request.FlowShift ?? model.Scheduler?.FlowShift ?? GenerationRequest.DefaultFlowShift);
        ulong seed = request.Seed
            ?? (resume is { Continues: true } ? resume.ReadSeed() : null)
            ?? (ulong)RandomNumberGenerator.GetInt32(int.MaxValue);
        PreparedLatents noise = LatentPreparation.Run(_shape, seed, request.NoisePath);
        GenerationIdentity identity = GenerationIdentity.Of(
            request, table, noise, seed, model.TransformerConfig.TextLength, kernels.Backend, asked, options.Precision,
            model.Fingerprint);
        SelfAttentionOptions attention = asked with
        {
            CalibratedPlanPath = asked.CalibratedPlanPath ?? resume?.PlanPath,
            Fingerprint = identity.Hash,
        };
        using SelfAttentionSession session = factory.Create(
            attention, model.TransformerConfig, PatchLayout.GridOf(_shape), request.StepCount);
        GenerationArithmetic arithmetic = Arithmetic(asked);
        GenerationClock clock = new(
            estimate.Stages[TextStage].Seconds, estimate.StepSeconds, estimate.Stages[DecodeStage].Seconds, progress, TimeProvider.System);
        DenoisingState state = resume is { Continues: true }
            ? resume.Load(identity, table, _shape, arithmetic)
            : Begin(noise, table, arithmetic, clock, cancellationToken);
        int resumedAt = resume is { Continues: true } ? state.Sampler.Step : 0;
        RequirePlans(session, state, attention);
        resume?.DeleteUnfinished();
        Denoise(state, session, clock, () => resume?.Save(state, identity, _shape), cancellationToken);
        long start = Stopwatch.GetTimestamp();
        VideoFrames clip = new Decoding(model.Codec, _shape, options.Tiling, options.Threads) { PixelsDecoded = Probe?.Pixels }.Run(
            state.Latent, share => clock.Report(GenerationStage.Decoding, table.StepCount, share, "", null), cancellationToken);
        GenerationRecording recording = new(model, options, kernels, request, table);
        GenerationRecord record = recording.Of(
            seed, noise, state, session, resumedAt, Stopwatch.GetElapsedTime(start), clip, attention);
        return new GenerationResult(clip, state.Latent, _shape, record);
    }

    /// <summary>How this process computes: as a dense step does, and as one in the formats of sparse steps.</summary>
    private GenerationArithmetic Arithmetic(SelfAttentionOptions asked)
    {
        WanTransformerConfig config = model.TransformerConfig;
        TokenGrid grid = PatchLayout.GridOf(_shape);
        AttentionPlan dense = AttentionPlan.Dense(new AttentionShape(1, config.Heads, grid.Tokens, grid.Tokens, config.HeadDim)) with
        {
            Grid = grid,
        };
        QuantizationRecipe recipe = new AttentionOutlook(asked, request.StepCount, config.Layers).Recipe;
        return GenerationArithmetic.OfThisProcess(kernels, options.Precision, dense, dense with { Recipe = recipe });
    }

    private DenoisingState Begin(
        PreparedLatents noise, SigmaTable table, GenerationArithmetic arithmetic, GenerationClock clock,
        CancellationToken cancellationToken)
    {
        bool guided = ClassifierFreeGuidance.NeedsUnconditional(request.GuidanceScale);
        clock.Report(GenerationStage.TextEncoding, 0, 0, "", null);
        long start = Stopwatch.GetTimestamp();
        TextEncoding stage = new(model.Checkpoint, model.Tokenizer, model.TransformerConfig.TextLength, options.Threads)
        {
            LayersDone = new TextProgress(clock, model.TextEncoder.Layers),
        };
        EncodedPrompts prompts = stage.Run(request.Prompt, guided ? request.NegativePrompt : null, cancellationToken);
        clock.Report(GenerationStage.TextEncoding, 0, 1, "", null);
        Probe?.Prompts?.Invoke(prompts);
        return new DenoisingState(noise.Noise, Sampler.Create(table), prompts, [])
        {
            TextSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            Arithmetic = [new ArithmeticSpan(0, arithmetic)],
        };
    }

    private void Denoise(
        DenoisingState state, SelfAttentionSession session, GenerationClock clock, Action save, CancellationToken cancellationToken)
    {
        if (state.Sampler.IsFinished)
        {
            return;
        }

        using (WanTransformer transformer = new(
            model.Transformer, model.TransformerConfig,
            new WanTransformerOptions { Threads = options.Threads, Precision = options.Precision }))
        {
            Denoising denoising = new(transformer, session, _shape, request.GuidanceScale) { VelocitiesComputed = Probe?.Velocities };
            denoising.Run(
                state, new DenoisingProgress(clock),
                () =>
                {
                    save();
                    Probe?.Latents?.Invoke(state.Sampler.Step, state.Latent);
                },
                cancellationToken);
        }

        model.ReleaseTransformer();
    }

    /// <summary>Plans that the generation calibrated for itself must be there when it is resumed behind that step.</summary>
    private static void RequirePlans(SelfAttentionSession session, DenoisingState state, SelfAttentionOptions attention)
    {
        if (session.CalibrationStep is { } step && state.Sampler.Step > step && !state.Sampler.IsFinished
            && !File.Exists(attention.CalibratedPlanPath))
        {
            throw new GenerationMismatchException(
                $"The generation stopped behind step {step + 1}, where it calibrated its plans, but {attention.CalibratedPlanPath} is "
                    + "missing; start anew.");
        }
    }
}
