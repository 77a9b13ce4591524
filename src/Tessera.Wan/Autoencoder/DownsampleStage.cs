namespace Tessera.Wan.Autoencoder;

/// <summary>
/// <see cref="DownsampleLayers"/> on a flow of frames: output 0 is input 0, output k is made of inputs 2k - 2, 2k - 1 and 2k, so inputs
/// of odd number only wait.
/// </summary>
internal sealed class DownsampleStage(FrameEngine engine, DownsampleLayers layers) : FrameStage(layers.Name, engine)
{
    private readonly FramePast? _past = layers.Time is { } time ? new FramePast(time.KernelFrames - 1) : null;
    private int _index;

    public override void Push(Frame frame)
    {
        Frame halved = Engine.Rent(frame.Height / 2, frame.Width / 2, layers.Spatial.OutputChannels);
        Engine.Convolve(layers.Spatial, [], frame, halved);
        Engine.Return(frame);
        if (_past is null)
        {
            Emit(halved);
            return;
        }

        int index = _index++;
        if (index % 2 != 0)
        {
            _past.Advance(halved, Engine);
            return;
        }

        Frame output = Engine.Rent(halved.Height, halved.Width, halved.Channels);
        if (index == 0)
        {
            Engine.Copy(halved, output);
        }
        else
        {
            Engine.Convolve(layers.Time!, _past.Frames, halved, output);
        }

        _past.Advance(halved, Engine);
        Emit(output);
    }

    protected override void Forget()
    {
        _past?.Clear(Engine);
        _index = 0;
    }
}
