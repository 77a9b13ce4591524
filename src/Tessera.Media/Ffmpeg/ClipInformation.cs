using Tessera.Media.Frames;

namespace Tessera.Media.Ffmpeg;

/// <summary>What ffprobe says about the first video stream of a file.</summary>
/// <param name="Height">Rows as shown (rotation applied).</param>
/// <param name="Width">Columns as shown (rotation applied).</param>
/// <param name="Rate">Frames per second.</param>
/// <param name="Frames">Frames as the container counts them; null when it does not.</param>
/// <param name="Duration">Playing time; null when the container does not say.</param>
/// <param name="Codec">Codec name, for example <c>h264</c>.</param>
/// <param name="PixelFormat">Pixel format, for example <c>yuv420p</c>.</param>
public sealed record ClipInformation(
    int Height, int Width, FrameRate Rate, int? Frames, TimeSpan? Duration, string Codec, string PixelFormat);
