namespace Tessera.Wan.Autoencoder;

/// <summary>How a video is decoded or encoded. None of it changes a bit of the result, except tiling.</summary>
public sealed record VideoCodecOptions
{
    /// <summary>All processors, whole frames.</summary>
    public static VideoCodecOptions Default { get; } = new();

    /// <summary>Threads; 0 for all processors.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Decodes overlapping tiles of a frame one after the other and blends them, which bounds memory for large frames; null for whole
    /// frames.
    /// </summary>
    public FrameTiling? Tiling { get; init; }

    /// <summary>Receives the share of the work that is done, 0 to 1.</summary>
    public IProgress<double>? Progress { get; init; }
}
