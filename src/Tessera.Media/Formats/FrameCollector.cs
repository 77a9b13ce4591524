using Tessera.Media.Frames;

namespace Tessera.Media.Formats;

/// <summary>Gathers RGB frames whose number is not known in advance.</summary>
internal sealed class FrameCollector(int height, int width, string name)
{
    private readonly List<byte[]> _frames = [];

    /// <summary>Frames so far.</summary>
    public int Count => _frames.Count;

    /// <summary>A new frame to fill.</summary>
    /// <exception cref="MediaFormatException">The clip no longer fits in one array.</exception>
    public byte[] Add()
    {
        long bytes = (long)height * width * VideoFrames.Channels;
        if (bytes * (_frames.Count + 1) > Array.MaxLength)
        {
            throw new MediaFormatException(
                $"{name} holds more than the {_frames.Count} frames of {height}x{width} that fit in memory; read fewer or smaller frames.");
        }

        _frames.Add(new byte[bytes]);
        return _frames[^1];
    }

    /// <summary>Drops the newest frame.</summary>
    public void RemoveLast() => _frames.RemoveAt(_frames.Count - 1);

    /// <summary>The clip.</summary>
    /// <exception cref="MediaFormatException">There are no frames.</exception>
    public VideoFrames Finish(FrameRate rate)
    {
        if (_frames.Count == 0)
        {
            throw new MediaFormatException($"{name} holds no frames.");
        }

        VideoFrames clip = new(_frames.Count, height, width, rate);
        for (int frame = 0; frame < _frames.Count; frame++)
        {
            _frames[frame].CopyTo(clip.Frame(frame));
            _frames[frame] = [];
        }

        return clip;
    }
}
