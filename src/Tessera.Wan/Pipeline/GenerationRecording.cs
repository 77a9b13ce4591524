using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Tessera.Backends.Cpu;
using Tessera.Media.Frames;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;

namespace Tessera.Wan.Pipeline;

/// <summary>Writes down what a generation was and how it went.</summary>
internal sealed class GenerationRecording(
    LoadedModel model, WanOptions options, KernelSettings kernels, GenerationRequest request, SigmaTable table)
{
    /// <summary>Sizes that the released models were trained at, width x height.</summary>
    private static readonly (int Width, int Height)[] SmallSizes = [(832, 480), (480, 832)];
    private static readonly (int Width, int Height)[] LargeSizes = [.. SmallSizes, (1280, 720), (720, 1280), (1024, 1024)];

    /// <summary>Version of the program.</summary>
    public static string Version { get; } =
        typeof(GenerationRecording).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public GenerationRecord Of(
        ulong seed, PreparedLatents noise, DenoisingState state, SelfAttentionSession session, int resumedAt, TimeSpan decoding,
        VideoFrames clip, SelfAttentionOptions attention)
    {
        WanTransformerConfig config = model.TransformerConfig;
        CpuOptions cpu = new() { Threads = options.Threads };
        return new GenerationRecord
        {
            Tessera = Version,
            Finished = DateTimeOffset.UtcNow,
            Request = Describe(seed, noise, clip),
            Checkpoint = new CheckpointRecord(
                model.Checkpoint.Folder, model.Checkpoint.IsDiffusers ? "diffusers" : "original", model.Fingerprint,
                model.Transformer.ParameterCount, config.Layers, config.Dim, config.Heads),
            Sampler = new SamplerRecord(table.ToString(), table.Sigmas.ToArray(), table.Timesteps.ToArray()),
            Attention = new AttentionRecord
            {
                Method = session.Method,
                Settings = session.Settings,
                Quantization = attention.Recipe?.Name,
                PlanHash = session.PlanHash,
                Density = state.Steps.Count == 0 ? 0 : state.Steps.Average(static step => step.Density),
                Backend = kernels.Backend,
                Deviations = session.Deviations,
            },
            Arithmetic = [.. state.Arithmetic],
            Machine = new MachineRecord(
                RuntimeInformation.FrameworkDescription, RuntimeInformation.OSDescription,
                RuntimeInformation.ProcessArchitecture.ToString(), cpu.EffectiveInstructionSet.ToString(), cpu.EffectiveThreads),
            Timings = new TimingRecord(
                state.TextSeconds, state.Steps.Sum(static step => step.Seconds), decoding.TotalSeconds, [.. state.Steps]),
            PeakMemoryBytes = GenerationClock.PeakMemory,
            FramesSha256 = Convert.ToHexStringLower(SHA256.HashData(clip.Pixels)),
            Notes = [.. Notes(state, session, resumedAt)],
        };
    }

    private RequestRecord Describe(ulong seed, PreparedLatents noise, VideoFrames clip) => new()
    {
        Prompt = request.Prompt,
        NegativePrompt = ClassifierFreeGuidance.NeedsUnconditional(request.GuidanceScale) ? request.NegativePrompt : null,
        Width = request.Width,
        Height = request.Height,
        FrameCount = request.FrameCount,
        FramesPerSecond = clip.Rate.Numerator,
        StepCount = table.StepCount,
        FlowShift = table.Shift,
        GuidanceScale = request.GuidanceScale,
        Solver = table.Solver.Name(),
        Seed = request.NoisePath is null ? seed : null,
        Noise = request.NoisePath is null ? null : noise.Source,
        TextLength = model.TransformerConfig.TextLength,
        Precision = options.Precision.ToString(),
        Codec = model.Codec.Name,
    };

    private IEnumerable<string> Notes(DenoisingState state, SelfAttentionSession session, int resumedAt)
    {
        int dropped = state.Prompts.Prompt.TokensDropped;
        if (dropped > 0)
        {
            yield return $"The prompt has {dropped} tokens more than the {model.TransformerConfig.TextLength} that the model reads; they "
                + "were cut off.";
        }

        int width = model.TransformerConfig.Dim;
        (int Width, int Height)[] known = width == WanTransformerConfig.Small.Dim ? SmallSizes
            : width == WanTransformerConfig.Large.Dim ? LargeSizes : [];
        if (known.Length > 0 && !known.Contains((request.Width, request.Height)))
        {
            yield return $"{request.Width}x{request.Height} is none of the sizes that the model was trained at: "
                + $"{string.Join(", ", known.Select(static size => $"{size.Width}x{size.Height}"))}.";
        }

        if (resumedAt > 0)
        {
            yield return $"Resumed after step {resumedAt} of {table.StepCount}.";
        }

        for (int i = 1; i < state.Arithmetic.Count; i++)
        {
            (int step, GenerationArithmetic later) = state.Arithmetic[i];
            yield return $"Resumed in another arithmetic after step {step} of {table.StepCount} "
                + $"({string.Join("; ", state.Arithmetic[i - 1].Arithmetic.DifferencesTo(later))}): the last bits are those of no "
                + "uninterrupted generation.";
        }

        foreach (string note in session.Notes)
        {
            yield return note;
        }
    }
}
