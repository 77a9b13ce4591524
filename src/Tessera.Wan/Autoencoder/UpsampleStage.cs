namespace Tessera.Wan.Autoencoder;

/// <summary>
/// <see cref="UpsampleLayers"/> on a flow of frames. The first frame passes by the convolution over time, which does not even see it: its
/// past begins with zeros at the second frame.
/// </summary>
internal sealed class UpsampleStage(FrameEngine engine, UpsampleLayers layers) : FrameStage(layers.Name, engine)
{
    private readonly FramePast? _past = layers.First is { } first ? new FramePast(first.KernelFrames - 1) : null;
    private bool _isFirst = true;

    public override void Push(Frame frame)
    {
        if (_past is null || _isFirst)
        {
            _isFirst = false;
            Double(frame);
            return;
        }

        Frame earlier = Engine.Rent(frame.Height, frame.Width, layers.First!.OutputChannels);
        Frame later = Engine.Rent(frame.Height, frame.Width, layers.Second!.OutputChannels);
        Engine.Convolve(layers.First, _past.Frames, frame, earlier);
        Engine.Convolve(layers.Second, _past.Frames, frame, later);
        _past.Advance(frame, Engine);
        Double(earlier);
        Double(later);
    }

    protected override void Forget()
    {
        _past?.Clear(Engine);
        _isFirst = true;
    }

    private void Double(in Frame frame)
    {
        Frame output = Engine.Rent(2 * frame.Height, 2 * frame.Width, layers.Spatial.OutputChannels);
        Engine.ConvolveDoubled(layers.Spatial, frame, output);
        Engine.Return(frame);
        Emit(output);
    }
}
