using System.CommandLine;
using System.Diagnostics;
using Tessera.Benchmarks.Probes;
using Tessera.Cli.Options;
using Tessera.Cli.Terminal;
using Tessera.Layout;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;

namespace Tessera.Benchmarks.Wan.Probes;

/// <summary>Decodes a random latent some times.</summary>
internal sealed class WanDecodeProbe : WanProbe<WanDecodeProbe.Decoded>
{
    public const string ProbeName = "wan-decode";

    private readonly Option<TokenGrid[]> _latent = GridListOption.Create("--latent", "Frames, rows and columns of the latent.", "2x16x16");
    private readonly Option<int> _repeat = CountOption.Create("--repeat", "Rounds.", 3, 1);
    private readonly Option<bool> _tiny = new("--tiny") { Description = "The tiny autoencoder with random weights of its released size." };

    public WanDecodeProbe(CommandConsole console)
        : base(ProbeName, console)
    {
        Options.Add(_latent);
        Options.Add(_repeat);
        Options.Add(_tiny);
    }

    protected override Decoded Measure(ParseResult parsed, string checkpoint, int threads)
    {
        using IVideoCodec codec = parsed.GetValue(_tiny)
            ? RandomTinyVae.Create()
            : WanVae.Open(WanCheckpoint.Find(checkpoint).VaePath ?? throw new FileNotFoundException($"{checkpoint} holds no autoencoder."));
        TokenGrid sizes = parsed.GetValue(_latent)![0];
        LatentShape shape = new(sizes.Frames, sizes.Height, sizes.Width);
        VideoCodecOptions options = new() { Threads = threads };
        Random random = new(1);
        float[] latent = [.. Enumerable.Range(0, (int)shape.Length).Select(_ => (random.NextSingle() * 4) - 2)];
        LatentShape small = new(2, 4, 4);
        Decode(codec, latent.AsSpan(0, (int)small.Length), small, options);
        double[] seconds = new double[parsed.GetValue(_repeat)];
        for (int round = 0; round < seconds.Length; round++)
        {
            long start = Stopwatch.GetTimestamp();
            Decode(codec, latent, shape, options);
            seconds[round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        return new Decoded(seconds, codec.CountDecodeOperations(shape), ProcessMemory.PeakWorkingSet());
    }

    private static void Decode(IVideoCodec codec, ReadOnlySpan<float> latent, LatentShape shape, VideoCodecOptions options) =>
        codec.Decode(latent, shape, static (in VideoFrameGroup _) => { }, options);

    /// <summary>What decoding took.</summary>
    /// <param name="Seconds">Wall time of each round.</param>
    /// <param name="Flops">Operations of a round.</param>
    /// <param name="PeakBytes">Largest resident set, pages of mapped weights included.</param>
    internal sealed record Decoded(double[] Seconds, double Flops, long PeakBytes);
}
