using System.Diagnostics;
using Tessera.Attention;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// Third stage: asks the transformer for the velocity, with and without the prompt, and lets the sampler move the latent, until it is free
/// of noise.
/// </summary>
/// <param name="transformer">The transformer.</param>
/// <param name="attention">What its self-attention runs.</param>
/// <param name="shape">Shape of the latent.</param>
/// <param name="guidanceScale">Classifier-free guidance; at most 1 leaves the second pass out.</param>
internal sealed class Denoising(
    WanTransformer transformer, SelfAttentionSession attention, LatentShape shape, double guidanceScale)
{
    /// <summary>Called with the velocities of a step before guidance; for tests.</summary>
    public Action<int, float[], float[]?>? VelocitiesComputed { get; init; }

    /// <summary>Runs the steps that are not done.</summary>
    /// <param name="state">Where denoising stands; changed by each step.</param>
    /// <param name="progress">Hears of finished layers and steps.</param>
    /// <param name="save">Called before the first and after each step.</param>
    /// <param name="cancellationToken">Polled between layers and inside attention; the state stays that of the last whole step.</param>
    public void Run(DenoisingState state, DenoisingProgress progress, Action save, CancellationToken cancellationToken)
    {
        bool guided = ClassifierFreeGuidance.NeedsUnconditional(guidanceScale);
        using TransformerContext prompt = Encode(state.Prompts.Prompt, cancellationToken);
        using TransformerContext? negative = guided ? Encode(Negative(state), cancellationToken) : null;
        float[] velocity = new float[state.Latent.Length];
        float[] unconditional = guided ? new float[state.Latent.Length] : [];
        Sampler sampler = state.Sampler;
        int layers = transformer.Config.Layers;
        if (sampler.Step == 0)
        {
            save();
        }

        while (!sampler.IsFinished)
        {
            int step = sampler.Step;
            StepContext context = new(step, sampler.Table.StepCount, 0, layers) { NoiseTime = NoiseTime.Of(sampler.Table, step) };
            string phase = attention.PhaseOf(context);
            progress.BeginStep(step, phase, (guided ? 2 : 1) * layers);
            long start = Stopwatch.GetTimestamp();
            TransformerTimes times = Pass(state, context, prompt, GuidanceBranch.Conditional, velocity, progress, cancellationToken);
            if (negative is not null)
            {
                times += Pass(state, context, negative, GuidanceBranch.Unconditional, unconditional, progress, cancellationToken);
            }

            VelocitiesComputed?.Invoke(step, velocity, guided ? unconditional : null);
            if (guided)
            {
                ClassifierFreeGuidance.Combine(velocity, unconditional, (float)guidanceScale);
            }

            sampler.Advance(velocity, state.Latent);
            StepTiming timing = StepTiming.Of(
                step, Stopwatch.GetElapsedTime(start), phase, times, attention.Meter.OfStep(step));
            state.Steps.Add(timing);
            save();
            progress.EndStep(timing);
        }
    }

    private TransformerTimes Pass(
        DenoisingState state, StepContext step, TransformerContext text, GuidanceBranch branch, float[] velocity,
        DenoisingProgress progress, CancellationToken cancellationToken) =>
        transformer.Forward(
            new TransformerInputs
            {
                Latent = state.Latent,
                Shape = shape,
                Timestep = state.Sampler.Timestep,
                Text = text,
                Step = step,
                Branch = branch,
            },
            attention.Attention, velocity, layersDone: progress, cancellationToken: cancellationToken);

    private TransformerContext Encode(EncodedPrompt prompt, CancellationToken cancellationToken) =>
        transformer.EncodeText(prompt.Rows, prompt.Tokens, cancellationToken);

    private static EncodedPrompt Negative(DenoisingState state) => state.Prompts.Negative
        ?? throw new InvalidOperationException("The negative prompt was not encoded, but the guidance needs it.");
}
