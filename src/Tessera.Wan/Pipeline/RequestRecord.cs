namespace Tessera.Wan.Pipeline;

/// <summary>A request with every default filled in.</summary>
public sealed record RequestRecord
{
    /// <summary>What the video shows.</summary>
    public required string Prompt { get; init; }

    /// <summary>What it does not show; null when the guidance did not need it.</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>Columns of pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Frames.</summary>
    public required int FrameCount { get; init; }

    /// <summary>Frames of a second.</summary>
    public required int FramesPerSecond { get; init; }

    /// <summary>Denoising steps.</summary>
    public required int StepCount { get; init; }

    /// <summary>Shift of the noise levels.</summary>
    public required double FlowShift { get; init; }

    /// <summary>Classifier-free guidance.</summary>
    public required double GuidanceScale { get; init; }

    /// <summary>Solver.</summary>
    public required string Solver { get; init; }

    /// <summary>Seed of the noise; null when it came from a file.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Noise of a file, by its hash.</summary>
    public string? Noise { get; init; }

    /// <summary>Rows of text that the transformer saw.</summary>
    public required int TextLength { get; init; }

    /// <summary>What the transformer's wide products rounded their operands to.</summary>
    public required string Precision { get; init; }

    /// <summary>Decoder.</summary>
    public required string Codec { get; init; }
}
