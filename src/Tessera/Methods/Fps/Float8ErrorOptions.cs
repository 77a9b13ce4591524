namespace Tessera.Methods.Fps;

/// <summary>
/// Sizes and data of <see cref="Float8ErrorTable"/>. The defaults are those of the recorded figures; smaller sizes make a quick check.
/// </summary>
public sealed record Float8ErrorOptions
{
    /// <summary>Queries.</summary>
    public int Queries { get; init; } = 384;

    /// <summary>Keys.</summary>
    public int Keys { get; init; } = 9216;

    /// <summary>Channels.</summary>
    public int HeadDim { get; init; } = 128;

    /// <summary>Seed of the standard normal data.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Factor of Q in the Gaussian rows, and so the standard deviation of their scores.</summary>
    public float QueryScale { get; init; } = 2.2f;

    /// <summary>Channels of Q and K that are larger than the others in the outlier rows.</summary>
    public int OutlierChannels { get; init; } = 4;

    /// <summary>How much larger.</summary>
    public float OutlierFactor { get; init; } = 8;

    /// <summary>Factor of Q in the outlier rows, where scores spread more by themselves.</summary>
    public float OutlierQueryScale { get; init; } = 0.7f;

    /// <summary>Standard deviation over channels of the mean of K in the biased rows, before outlier channels are enlarged.</summary>
    public float KeyBias { get; init; } = 1.2f;

    /// <summary>Score of one key, the sink, in the last row; natural-log units.</summary>
    public float SinkScore { get; init; } = 8;
}
