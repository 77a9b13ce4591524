namespace Tessera.Wan.Autoencoder;

/// <summary>The inputs that a causal convolution has seen last; zeros before the first. Owns its frames.</summary>
internal sealed class FramePast(int count)
{
    private readonly Frame[] _frames = new Frame[count];

    /// <summary>Oldest first; absent ones are zeros.</summary>
    public ReadOnlySpan<Frame> Frames => _frames;

    /// <summary>Takes the newest frame and gives the oldest back.</summary>
    public void Advance(in Frame newest, FrameEngine engine)
    {
        if (!_frames[0].IsAbsent)
        {
            engine.Return(_frames[0]);
        }

        _frames.AsSpan(1).CopyTo(_frames);
        _frames[^1] = newest;
    }

    /// <summary>Forgets all and gives the frames back.</summary>
    public void Clear(FrameEngine engine)
    {
        foreach (Frame frame in _frames)
        {
            if (!frame.IsAbsent)
            {
                engine.Return(frame);
            }
        }

        _frames.AsSpan().Clear();
    }
}
