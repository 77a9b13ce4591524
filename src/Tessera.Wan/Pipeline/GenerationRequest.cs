using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;

namespace Tessera.Wan.Pipeline;

/// <summary>A video to make. Defaults are those of the original Wan2.1 command line at the size of its 1.3B model.</summary>
/// <param name="Prompt">What the video shows.</param>
public sealed record GenerationRequest(string Prompt)
{
    /// <summary>The negative prompt of the original code, used where none is given.</summary>
    public const string DefaultNegativePrompt =
        "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，丑陋的，残缺的，多余的手指，"
            + "画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走";

    /// <summary>Flow shift where neither the request nor the checkpoint says one.</summary>
    public const double DefaultFlowShift = 5;

    /// <summary>What the video does not show; empty is allowed, and not read when <see cref="GuidanceScale"/> is at most 1.</summary>
    public string NegativePrompt { get; init; } = DefaultNegativePrompt;

    /// <summary>Columns of pixels, a multiple of 16.</summary>
    public int Width { get; init; } = 832;

    /// <summary>Rows of pixels, a multiple of 16.</summary>
    public int Height { get; init; } = 480;

    /// <summary>Frames, 4n + 1; 1 makes a picture.</summary>
    public int FrameCount { get; init; } = 81;

    /// <summary>Denoising steps.</summary>
    public int StepCount { get; init; } = 50;

    /// <summary>
    /// Shift of the noise levels; null takes the checkpoint's <c>scheduler_config.json</c>, else <see cref="DefaultFlowShift"/>.
    /// </summary>
    public double? FlowShift { get; init; }

    /// <summary>Classifier-free guidance; at most 1 runs the prompt alone, which halves the time.</summary>
    public double GuidanceScale { get; init; } = 5;

    /// <summary>Solver with its noise levels.</summary>
    public Solver Solver { get; init; } = Solver.UniPc;

    /// <summary>Seed of the noise; null draws one, which the result names.</summary>
    public ulong? Seed { get; init; }

    /// <summary>File with the noise to start from instead of a seed's; see <see cref="LatentNoise.FromFile"/>.</summary>
    public string? NoisePath { get; init; }

    /// <summary>Self-attention; null takes that of <see cref="WanOptions.Attention"/>.</summary>
    public SelfAttentionOptions? Attention { get; init; }
}
