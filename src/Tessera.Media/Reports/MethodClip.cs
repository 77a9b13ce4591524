using Tessera.Media.Frames;

namespace Tessera.Media.Reports;

/// <summary>A method's output as frames.</summary>
/// <param name="Method">Name of the method.</param>
/// <param name="Clip">Its output.</param>
public sealed record MethodClip(string Method, VideoFrames Clip);
