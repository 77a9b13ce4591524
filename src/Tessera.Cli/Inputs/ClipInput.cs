using Tessera.Layout;
using Tessera.Media;
using Tessera.Media.Ffmpeg;
using Tessera.Media.Frames;
using Tessera.Media.Heads;

namespace Tessera.Cli.Inputs;

/// <summary>
/// A video clip as attention heads: patches are tokens, and attention over them is non-local means (see <see cref="ClipHeads"/>).
/// </summary>
internal static class ClipInput
{
    /// <summary>The word in place of a file name for the clip that is drawn on the spot.</summary>
    public const string GeneratedWord = "generated";

    // 16 x 24 x 32 tokens at most unless --grid asks for more: attention of a real size that two cores finish in seconds.
    private const int DefaultFrames = 16;
    private const int DefaultPatchesPerFrame = 24 * 32;

    /// <summary>Draws a clip.</summary>
    public static LoadedInput Generate(InputRequest request)
    {
        SyntheticClipOptions options = new();
        if (request.Grid is { } grid)
        {
            (int frames, int height, int width) = ClipPatch.Default.PixelsOf(RequireNoText(grid));
            options = options with { Count = frames, Height = height, Width = width };
        }

        return MakeHeads(GeneratedWord, SyntheticClip.Create(options), request);
    }

    /// <summary>Reads a clip and fits it to the grid asked for, or to a size that two cores finish in seconds.</summary>
    public static LoadedInput Load(InputRequest request, CancellationToken cancellationToken)
    {
        string path = request.Files[0];
        (int frames, int height, int width) = ClipPatch.Default.PixelsOf(
            request.Grid is { } asked ? RequireNoText(asked) : DefaultGrid(path, cancellationToken));
        ClipReadOptions options = new() { FrameCount = frames, Height = height, Width = width };
        return MakeHeads(
            request.Source, ClipFile.ReadAsync(path, options, cancellationToken: cancellationToken).GetAwaiter().GetResult(), request);
    }

    private static TokenGrid DefaultGrid(string path, CancellationToken cancellationToken)
    {
        (int frames, int height, int width) = Path.GetExtension(path).ToUpperInvariant() is ".Y4M" or ".PNG" or ".APNG"
            ? SizeInMemory(path, cancellationToken)
            : SizeProbed(path, cancellationToken);
        ClipPatch patch = ClipPatch.Default;
        double shrink = Math.Min(1, Math.Sqrt(DefaultPatchesPerFrame * (double)patch.Height * patch.Width / ((double)height * width)));
        return new TokenGrid(
            Math.Min(DefaultFrames, frames), Math.Max(1, (int)(height * shrink) / patch.Height),
            Math.Max(1, (int)(width * shrink) / patch.Width));
    }

    private static (int Frames, int Height, int Width) SizeInMemory(string path, CancellationToken cancellationToken)
    {
        VideoFrames clip = ClipFile.ReadAsync(path, cancellationToken: cancellationToken).GetAwaiter().GetResult();
        return (clip.Count, clip.Height, clip.Width);
    }

    private static (int Frames, int Height, int Width) SizeProbed(string path, CancellationToken cancellationToken)
    {
        ClipInformation clip = FfmpegProbe.ProbeAsync(path, cancellationToken: cancellationToken).GetAwaiter().GetResult();
        return (clip.Frames ?? DefaultFrames, clip.Height, clip.Width);
    }

    private static TokenGrid RequireNoText(TokenGrid grid) =>
        grid.TextTokens == 0
            ? grid
            : throw CommandException.Usage($"--text {grid.TextTokens} does not fit a clip, which has no text tokens; leave it out.");

    private static LoadedInput MakeHeads(string source, VideoFrames frames, InputRequest request)
    {
        ClipHeadsOptions options = new();
        ClipHeads heads = ClipHeads.Create(
            frames, options with { Heads = request.Heads ?? options.Heads, HeadDim = request.HeadDim ?? options.HeadDim });
        return new LoadedInput(new HeadTensors(source, heads.Shape, 4, heads.Query, heads.Key, heads.Value), heads.Grid)
        {
            HeadNames = heads.HeadKinds,
            Clip = new ClipSource(frames, heads),
        };
    }
}
