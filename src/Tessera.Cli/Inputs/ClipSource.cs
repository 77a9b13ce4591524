using Tessera.Media.Frames;
using Tessera.Media.Heads;

namespace Tessera.Cli.Inputs;

/// <summary>A clip and the heads made of it.</summary>
/// <param name="Frames">The clip, cut to whole patches.</param>
/// <param name="Heads">Its heads, which turn attention output back into frames.</param>
internal sealed record ClipSource(VideoFrames Frames, ClipHeads Heads);
