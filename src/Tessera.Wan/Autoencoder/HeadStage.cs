namespace Tessera.Wan.Autoencoder;

/// <summary><see cref="HeadLayers"/> on a flow of frames.</summary>
internal sealed class HeadStage(FrameEngine engine, HeadLayers layers) : FrameStage(layers.Name, engine)
{
    private readonly FramePast _past = new(layers.Convolution.KernelFrames - 1);

    public override void Push(Frame frame)
    {
        Engine.Normalise(layers.Norm, frame, frame, isActivated: true);
        Frame output = Engine.Rent(frame.Height, frame.Width, layers.Convolution.OutputChannels);
        Engine.Convolve(layers.Convolution, _past.Frames, frame, output);
        _past.Advance(frame, Engine);
        Emit(output);
    }

    protected override void Forget() => _past.Clear(Engine);
}
