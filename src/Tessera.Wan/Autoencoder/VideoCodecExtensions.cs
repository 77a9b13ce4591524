namespace Tessera.Wan.Autoencoder;

/// <summary>Whole videos in memory.</summary>
public static class VideoCodecExtensions
{
    /// <summary>Decodes a latent.</summary>
    /// <param name="codec">The codec.</param>
    /// <param name="latent">[16, T, h, w].</param>
    /// <param name="shape">T, h and w.</param>
    /// <param name="options">Threads, tiling, progress; null for <see cref="VideoCodecOptions.Default"/>.</param>
    /// <param name="cancellationToken">Polled between layers.</param>
    /// <returns>Pixels in [-1, 1], [frames, height, width, 3].</returns>
    /// <exception cref="ArgumentException">The latent does not have that shape.</exception>
    public static float[] Decode(
        this IVideoCodec codec, ReadOnlySpan<float> latent, LatentShape shape, VideoCodecOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(codec);
        shape.Require(latent.Length, nameof(latent));
        float[] video = new float[checked(shape.VideoFrames * shape.VideoFrameLength)];
        codec.Decode(
            latent, shape, (in VideoFrameGroup frames) => frames.Pixels.CopyTo(video.AsSpan(frames.First * frames.FrameLength)), options,
            cancellationToken);
        return video;
    }

    /// <summary>Encodes a video.</summary>
    /// <param name="codec">The codec.</param>
    /// <param name="pixels">Pixels in [-1, 1], [frames, height, width, 3].</param>
    /// <param name="shape">Shape of the latent; see <see cref="LatentShape.OfVideo"/>.</param>
    /// <param name="options">Threads and progress; null for <see cref="VideoCodecOptions.Default"/>.</param>
    /// <param name="cancellationToken">Polled between layers.</param>
    /// <returns>[16, T, h, w].</returns>
    /// <exception cref="ArgumentException">The video does not have that shape.</exception>
    public static float[] Encode(
        this IVideoCodec codec, ReadOnlyMemory<float> pixels, LatentShape shape, VideoCodecOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(codec);
        long wanted = (long)shape.VideoFrames * shape.VideoFrameLength;
        if (pixels.Length != wanted)
        {
            throw new ArgumentException(
                $"{pixels.Length} numbers are no video of latent {shape}; wanted {shape.VideoFrames} x {shape.VideoHeight} x "
                    + $"{shape.VideoWidth} x 3 = {wanted}.",
                nameof(pixels));
        }

        float[] latent = new float[shape.Length];
        codec.Encode(
            (first, frames) => pixels.Span.Slice(first * shape.VideoFrameLength, frames.Length).CopyTo(frames), shape, latent, options,
            cancellationToken);
        return latent;
    }
}
