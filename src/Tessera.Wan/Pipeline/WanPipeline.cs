using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Neural.Checkpoints;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// Wan2.1 text to video: a prompt passes through text encoding, latent preparation, denoising and decoding, and comes out as frames.
/// Weights are mapped files; the text encoder is open only while it is used. Generations run one after the other; equal requests give equal
/// frames on equal machines, whatever the number of threads.
/// </summary>
/// <example>
/// <code>
/// await using WanPipeline wan = await WanPipeline.LoadAsync("Wan2.1-T2V-1.3B");
/// GenerationResult video = await wan.GenerateAsync(new GenerationRequest("a red fox in snow") { Seed = 42 });
/// await video.SaveAsync("fox.mp4");
/// </code>
/// </example>
public sealed class WanPipeline : IAsyncDisposable, IDisposable
{
    private readonly LoadedModel _model;
    private readonly WanOptions _options;
    private readonly KernelSettings _kernels;
    private readonly SelfAttentionFactory _factory;
    private readonly GenerationWork _work;
    private readonly SemaphoreSlim _turn = new(1, 1);

    private WanPipeline(LoadedModel model, WanOptions options)
    {
        _model = model;
        _options = options;
        CpuOptions cpu = new() { Threads = options.Threads };
        _kernels = options.Kernels ?? new KernelSettings(new BackendSelector([new CpuBackend(cpu), ReferenceBackend.Shared]));
        _factory = new SelfAttentionFactory(_kernels, options.MapReader ?? new CpuMapReader(cpu));
        _work = new GenerationWork(model.TransformerConfig, model.TextEncoder, model.Codec, model.WeightBytes);
    }

    /// <summary>The files of the model.</summary>
    public WanCheckpoint Checkpoint => _model.Checkpoint;

    /// <summary>Sizes of the transformer.</summary>
    public WanTransformerConfig Config => _model.TransformerConfig;

    /// <summary>Tells the model from others; see <see cref="CheckpointFingerprint"/>.</summary>
    public string Fingerprint => _model.Fingerprint;

    /// <summary>Sees intermediate values; for tests.</summary>
    internal GenerationProbe? Probe { get; init; }

    /// <summary>
    /// Opens a checkpoint in the original layout or that of diffusers and checks every part of it: names, shapes and configurations, but
    /// no weights.
    /// </summary>
    /// <param name="folder">Folder of the checkpoint.</param>
    /// <param name="options">How to run; null for all defaults.</param>
    /// <param name="cancellationToken">Checked before opening.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="CheckpointFormatException">Parts are missing, damaged, or belong to different models; every fault is
    /// listed.</exception>
    /// <exception cref="IOException">A file is damaged or cannot be opened.</exception>
    public static Task<WanPipeline> LoadAsync(string folder, WanOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(() => Load(folder, options ?? new WanOptions(), null), cancellationToken);
    }

    /// <summary>What a request will need.</summary>
    /// <param name="request">Request.</param>
    /// <param name="speed">The machine; null measures this one at the layers of this model, which takes some seconds where it is
    /// large.</param>
    /// <exception cref="GenerationRefusedException">The sizes are not legal; the message says the nearest that are.</exception>
    /// <exception cref="ArgumentException">Steps, shift or guidance are out of range.</exception>
    public GenerationEstimate Estimate(GenerationRequest request, MachineSpeed? speed = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequireLegal(request);
        return Estimated(request, speed ?? new SampledSpeed(_model.Codec, _options.Threads));
    }

    /// <summary>Makes a video.</summary>
    /// <param name="request">Request.</param>
    /// <param name="progress">Receives reports from the thread that works; a <see cref="Progress{T}"/> passes them on to yours.</param>
    /// <param name="cancellationToken">Stops the generation within a layer.</param>
    /// <exception cref="GenerationRefusedException">The sizes are not legal or need too much memory; nothing was done.</exception>
    /// <exception cref="ArgumentException">Other parts of the request are out of range or contradict each other.</exception>
    /// <exception cref="CheckpointFormatException">A weight is NaN or infinite; the message names it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<GenerationResult> GenerateAsync(
        GenerationRequest request, IProgress<StepProgress>? progress = null, CancellationToken cancellationToken = default) =>
        GenerateAsync(request, null, progress, cancellationToken);

    /// <summary>Makes a video and keeps its state after each step, or continues one that was interrupted.</summary>
    /// <param name="request">Request; to continue, the one of the interrupted generation. A seed that is left out is that of the
    /// file.</param>
    /// <param name="resume">Where the state is kept; null keeps none. Delete it when the video is safe.</param>
    /// <param name="progress">As the other overload.</param>
    /// <param name="cancellationToken">Stops the generation within a layer; the state of the last whole step stays.</param>
    /// <exception cref="GenerationRefusedException">The sizes are not legal or need too much memory; nothing was done.</exception>
    /// <exception cref="GenerationMismatchException">The file keeps another generation; the message names the differences.</exception>
    /// <exception cref="ArgumentException">Other parts of the request are out of range or contradict each other.</exception>
    /// <exception cref="IOException">There is nothing to continue, or something that would be lost; or the state cannot be
    /// written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<GenerationResult> GenerateAsync(
        GenerationRequest request, ResumeFile? resume, IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        GenerationEstimate estimate = Require(request);
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            GenerationRun run = new(_model, _options, _kernels, _factory, request, estimate) { Probe = Probe };
            return await Task.Run(() => run.Run(resume, progress, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Closes the model.</summary>
    public void Dispose()
    {
        _model.Dispose();
        _turn.Dispose();
    }

    /// <summary>Closes the model.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Opens a checkpoint with something that sees intermediate values.</summary>
    internal static WanPipeline Load(string folder, WanOptions options, GenerationProbe? probe)
    {
        LoadedModel model = LoadedModel.Open(folder, options);
        try
        {
            return new WanPipeline(model, options) { Probe = probe };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Refuses what cannot be run, before any work.</summary>
    private GenerationEstimate Require(GenerationRequest request)
    {
        RequireLegal(request);
        long limit = _options.MemoryLimit ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        GenerationEstimate estimate = Estimated(request, MachineSpeed.Nominal);
        if (estimate.MemoryBytes > limit)
        {
            string needs = FormattableString.Invariant($"{estimate.MemoryBytes / 1e9:0.0} GB besides mapped weights; {limit / 1e9:0.0} GB");
            throw Refused(
                $"{request.Width}x{request.Height} with {request.FrameCount} frames needs {needs} are there",
                GenerationLimits.Largest(request, smaller => Estimated(smaller, MachineSpeed.Nominal).MemoryBytes <= limit));
        }

        return estimate;
    }

    private void RequireLegal(GenerationRequest request)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(request.Prompt, nameof(request));
        ArgumentNullException.ThrowIfNull(request.NegativePrompt, nameof(request));
        if (!double.IsFinite(request.GuidanceScale) || request.GuidanceScale is < 0 or > 100)
        {
            throw new ArgumentOutOfRangeException(
                nameof(request), request.GuidanceScale, "The guidance scale must be 0 to 100; 1 and less run the prompt alone.");
        }

        // The table checks steps and shift.
        _ = new SigmaTable(request.Solver, request.StepCount, request.FlowShift ?? GenerationRequest.DefaultFlowShift);
        if (GenerationLimits.FaultsOf(request) is { Count: > 0 } faults)
        {
            throw Refused(string.Join(", ", faults), GenerationLimits.Nearest(request));
        }
    }

    private GenerationRefusedException Refused(string fault, IReadOnlyList<GenerationRequest> nearest)
    {
        MachineSpeed speed = MachineSpeed.Measure(_options.Threads);
        GenerationEstimate[] estimates = [.. nearest.Select(request => Estimated(request, speed))];
        string instead = estimates.Length == 0
            ? "No smaller video fits either."
            : $"The nearest that can be made: {string.Join("; ", estimates.Select(static estimate => estimate.ToString()))}.";
        return new GenerationRefusedException($"The request cannot be run: {fault}. {instead}", estimates);
    }

    private GenerationEstimate Estimated(GenerationRequest request, MachineSpeed speed) =>
        _work.Estimate(
            request, PromptTokens(request), request.Attention ?? _options.Attention, _options.Precision, _options.Tiling, speed);

    private int[] PromptTokens(GenerationRequest request)
    {
        string[] prompts = ClassifierFreeGuidance.NeedsUnconditional(request.GuidanceScale)
            ? [request.Prompt, request.NegativePrompt]
            : [request.Prompt];
        return
        [
            .. prompts.Select(prompt => TextEncoding.Tokenize(_model.Tokenizer, prompt, _model.TransformerConfig.TextLength).Ids.Length),
        ];
    }
}
