namespace Tessera.Wan.Autoencoder;

/// <summary>The two networks of an autoencoder, to be laid out anew for every run. Immutable.</summary>
internal sealed record FrameNetworks
{
    /// <summary>Lays out the decoder, [h, w, 16] to [8h, 8w, 3], and returns where to push.</summary>
    public required Func<FrameEngine, Action<Frame>?, FrameStage> Decoder { get; init; }

    /// <summary>Lays out the encoder, [8h, 8w, 3] to [h, w, 16 or more], and returns where to push.</summary>
    public required Func<FrameEngine, Action<Frame>?, FrameStage> Encoder { get; init; }

    /// <summary>Between the transformer's latents and the networks'.</summary>
    public required LatentStatistics Statistics { get; init; }

    /// <summary>Range of the networks' pixels.</summary>
    public required PixelRange Pixels { get; init; }

    /// <summary>Frames that the decoder gives before the first of the video.</summary>
    public int DroppedFrames { get; init; }

    /// <summary>Whether the encoder wants whole groups of four frames, the last frame repeated, and not one frame before them.</summary>
    public bool PadsVideo { get; init; }
}
