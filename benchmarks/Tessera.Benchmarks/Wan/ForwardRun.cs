using System.Diagnostics;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Driver;
using Tessera.Layout;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;

namespace Tessera.Benchmarks.Wan;

/// <summary>
/// A transformer with a random latent and prompts of full length, and the ways of attending that are compared: float32 over all pairs, and
/// PAROAttention at 25 % of blocks with 8-bit products, calibrated on the same latent as in a generation.
/// </summary>
internal sealed class ForwardRun : IDisposable
{
    public const double Density = 0.25;
    private const int Steps = 2;
    private const double GuidanceScale = 5;
    private const double Shift = 5;

    private readonly WanTransformer _transformer;
    private readonly TransformerContext _prompt;
    private readonly TransformerContext _negativePrompt;
    private readonly LatentShape _shape;
    private readonly float[] _latent;
    private readonly float[] _velocity;
    private readonly float[] _unconditional;
    private readonly CpuOptions _options;
    private readonly SelfAttentionFactory _factory;

    public ForwardRun(WanTransformer transformer, TokenGrid grid, int threads)
    {
        _transformer = transformer;
        Grid = grid;
        _options = new CpuOptions { Threads = threads };
        CpuBackend backend = new(_options);
        _factory = new SelfAttentionFactory(new KernelSettings(new BackendSelector([backend])), new CpuMapReader(_options));
        _shape = new LatentShape(grid.Frames, 2 * grid.Height, 2 * grid.Width);
        Random random = new(1);
        _latent = Normal(random, (int)_shape.Length);
        _velocity = new float[_latent.Length];
        _unconditional = new float[_latent.Length];
        WanTransformerConfig config = transformer.Config;
        _prompt = transformer.EncodeText(Normal(random, config.TextLength * config.TextDim), config.TextLength);
        _negativePrompt = transformer.EncodeText(Normal(random, config.TextLength * config.TextDim), config.TextLength);
    }

    public TokenGrid Grid { get; }

    /// <summary>Self-attention in binary32 over all pairs.</summary>
    public SelfAttentionSession Dense() => Create(new SelfAttentionOptions { Method = "dense" });

    /// <summary>PAROAttention, calibrated in a first, dense step unless a file holds its plans.</summary>
    /// <param name="planPath">File of the plans, read or written.</param>
    public SelfAttentionSession Paro(string planPath)
    {
        SelfAttentionSession session = Create(new SelfAttentionOptions
        {
            Method = "paro",
            Density = Density,
            Recipe = new BenchCase("int8").RecipeFor(_options),
            WarmUp = new DensePolicy(1, 0),
            CalibratedPlanPath = planPath,
            Fingerprint = $"bench {_transformer.Config.Layers} layers",
        });
        if (session.Attention is SelfCalibratingAttention { IsCalibrated: false })
        {
            _ = Forward(session, step: 0);
        }

        return session;
    }

    /// <summary>Any self-attention of a generation of two steps, of which the second is measured.</summary>
    public SelfAttentionSession Create(SelfAttentionOptions options) => _factory.Create(options, _transformer.Config, Grid, Steps);

    /// <summary>One pass with the prompt.</summary>
    public TransformerTimes Forward(SelfAttentionSession session, int step = 1) =>
        Forward(session, step, GuidanceBranch.Conditional, _latent, _velocity);

    /// <summary>A denoising step as a generation makes it: both passes of the guidance, their combination, and the solver's step.</summary>
    /// <returns>Times of both passes, and wall time of the whole.</returns>
    public (TransformerTimes Passes, double Seconds) Step(SelfAttentionSession session)
    {
        Sampler sampler = Sampler.Create(new SigmaTable(Solver.UniPc, 10, Shift));
        float[] sample = [.. _latent];
        long start = Stopwatch.GetTimestamp();
        TransformerTimes times = Forward(session, 1, GuidanceBranch.Conditional, sample, _velocity)
            + Forward(session, 1, GuidanceBranch.Unconditional, sample, _unconditional);
        ClassifierFreeGuidance.Combine(_velocity, _unconditional, (float)GuidanceScale);
        sampler.Advance(_velocity, sample);
        return (times, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    public void Dispose()
    {
        _prompt.Dispose();
        _negativePrompt.Dispose();
    }

    private static float[] Normal(Random random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            // Sum of uniform numbers: near enough to normal, and the same everywhere.
            values[i] = (float)((random.NextDouble() + random.NextDouble() + random.NextDouble() + random.NextDouble() - 2) * Math.Sqrt(3));
        }

        return values;
    }

    private TransformerTimes Forward(
        SelfAttentionSession session, int step, GuidanceBranch branch, ReadOnlySpan<float> latent, Span<float> velocity)
    {
        TransformerInputs inputs = new()
        {
            Latent = latent,
            Shape = _shape,
            Timestep = 500,
            Text = branch == GuidanceBranch.Conditional ? _prompt : _negativePrompt,
            Step = new StepContext(step, Steps, 0, _transformer.Config.Layers),
            Branch = branch,
        };
        return _transformer.Forward(inputs, session.Attention, velocity);
    }
}
