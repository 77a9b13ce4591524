namespace Tessera.Wan.Autoencoder;

/// <summary>
/// <see cref="ResidualLayers"/> on a flow of frames. Each convolution remembers its last two inputs; the sum is formed in the frame
/// itself, so three frames are in use at most.
/// </summary>
internal sealed class ResidualStage(FrameEngine engine, ResidualLayers layers) : FrameStage(layers.Name, engine)
{
    private readonly FramePast _first = new(layers.First.KernelFrames - 1);
    private readonly FramePast _second = new(layers.Second.KernelFrames - 1);

    public override void Push(Frame frame)
    {
        Frame normal = Engine.Rent(frame.Height, frame.Width, frame.Channels);
        Engine.Normalise(layers.FirstNorm, frame, normal, isActivated: true);
        Frame middle = Engine.Rent(frame.Height, frame.Width, layers.First.OutputChannels);
        Engine.Convolve(layers.First, _first.Frames, normal, middle);
        _first.Advance(normal, Engine);
        Engine.Normalise(layers.SecondNorm, middle, middle, isActivated: true);
        if (layers.Shortcut is { } shortcut)
        {
            Frame widened = Engine.Rent(frame.Height, frame.Width, shortcut.OutputChannels);
            Engine.Convolve(shortcut, [], frame, widened);
            Engine.Return(frame);
            frame = widened;
        }

        Engine.Convolve(layers.Second, _second.Frames, middle, frame, FrameFinish.Add);
        _second.Advance(middle, Engine);
        Emit(frame);
    }

    protected override void Forget()
    {
        _first.Clear(Engine);
        _second.Clear(Engine);
    }
}
