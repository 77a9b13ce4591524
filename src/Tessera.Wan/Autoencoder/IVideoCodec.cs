namespace Tessera.Wan.Autoencoder;

/// <summary>
/// Turns latents of the diffusion transformer into videos and back. Latents are [16, frames, height, width] in the transformer's own
/// normalised space; pixels are [frames, height, width, 3] in [-1, 1]. Memory depends on the size of a frame and not on the length of the
/// video. Weights are shared and never changed: safe for concurrent use until disposed.
/// </summary>
public interface IVideoCodec : IDisposable
{
    /// <summary>Name for reports, such as <c>wan-vae</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Decodes a latent and hands out its frames in order, one or a few at a time, while later ones are still to be decoded.
    /// </summary>
    /// <param name="latent">[16, T, h, w].</param>
    /// <param name="shape">T, h and w.</param>
    /// <param name="consumer">Receives all 4 (T - 1) + 1 frames, clamped to [-1, 1]; runs on the caller's thread.</param>
    /// <param name="options">Threads, tiling, progress; null for <see cref="VideoCodecOptions.Default"/>.</param>
    /// <param name="cancellationToken">Polled between layers.</param>
    /// <exception cref="ArgumentException">The latent does not have that shape.</exception>
    /// <exception cref="Tessera.Neural.Checkpoints.CheckpointFormatException">A weight is NaN or infinite; the message names
    /// it.</exception>
    /// <exception cref="ArithmeticException">The weights are finite, but the result is not.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; some frames may have been handed out.</exception>
    void Decode(
        ReadOnlySpan<float> latent, LatentShape shape, VideoFrameConsumer consumer, VideoCodecOptions? options = null,
        CancellationToken cancellationToken = default);

    /// <summary>Encodes a video.</summary>
    /// <param name="source">Asked for every frame once, in order; runs on the caller's thread.</param>
    /// <param name="shape">Shape of the latent; see <see cref="LatentShape.OfVideo"/>.</param>
    /// <param name="latent">Receives [16, T, h, w].</param>
    /// <param name="options">Threads and progress; null for <see cref="VideoCodecOptions.Default"/>.</param>
    /// <param name="cancellationToken">Polled between layers.</param>
    /// <exception cref="ArgumentException">The latent does not have that shape, or tiling is asked for.</exception>
    /// <exception cref="Tessera.Neural.Checkpoints.CheckpointFormatException">A weight is NaN or infinite; the message names
    /// it.</exception>
    /// <exception cref="ArithmeticException">The weights are finite, but the result is not.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the latent is partly written.</exception>
    void Encode(
        VideoFrameSource source, LatentShape shape, Span<float> latent, VideoCodecOptions? options = null,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Bytes that decoding takes at its peak on top of the weights as they are mapped: activations, caches and packed weights.
    /// </summary>
    /// <param name="shape">Shape of the latent.</param>
    /// <param name="tiling">Tiles, or null for whole frames.</param>
    long EstimateDecodeMemory(LatentShape shape, FrameTiling? tiling = null);

    /// <summary>
    /// Floating-point operations of decoding whole frames, two for each multiply-add of the network as it is written down; shortcuts that
    /// give the same result are not subtracted.
    /// </summary>
    /// <param name="shape">Shape of the latent.</param>
    double CountDecodeOperations(LatentShape shape);

    /// <summary>
    /// Floating-point operations that decoding whole frames executes: fewer than <see cref="CountDecodeOperations"/>, because products
    /// with frames of zeros before the first are left out and upsampled frames are convolved with smaller kernels.
    /// </summary>
    /// <param name="shape">Shape of the latent.</param>
    double CountExecutedOperations(LatentShape shape);
}
