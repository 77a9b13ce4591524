using Tessera.Media.Frames;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Pipeline;

/// <summary>Last stage: the latent becomes frames. Pixels are rounded to bytes as they come, so the clip stands in memory once.</summary>
internal sealed class Decoding(IVideoCodec codec, LatentShape shape, FrameTiling? tiling, int threads)
{
    /// <summary>Called with decoded pixels before they are rounded; for tests.</summary>
    public VideoFrameConsumer? PixelsDecoded { get; init; }

    /// <summary>Decodes.</summary>
    /// <param name="latent">[16, T, h, w].</param>
    /// <param name="done">Receives the share that is done.</param>
    /// <param name="cancellationToken">Polled between layers.</param>
    public VideoFrames Run(ReadOnlySpan<float> latent, Action<double> done, CancellationToken cancellationToken)
    {
        VideoFrames clip = VideoPixels.Allocate(shape);
        VideoCodecOptions options = new() { Threads = threads, Tiling = tiling, Progress = new Share(done) };
        codec.Decode(
            latent, shape,
            (in VideoFrameGroup frames) =>
            {
                PixelsDecoded?.Invoke(frames);
                VideoPixels.Store(frames, clip);
            },
            options, cancellationToken);
        return clip;
    }

    private sealed class Share(Action<double> done) : IProgress<double>
    {
        public void Report(double value) => done(value);
    }
}
