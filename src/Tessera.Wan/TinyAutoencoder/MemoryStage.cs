using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary><see cref="MemoryLayers"/> on a flow of frames; remembers one.</summary>
internal sealed class MemoryStage(FrameEngine engine, MemoryLayers layers) : FrameStage(layers.Name, engine)
{
    private readonly FramePast _past = new(1);

    public override void Push(Frame frame)
    {
        Frame output = Engine.Rent(frame.Height, frame.Width, frame.Channels);
        Engine.Convolve(layers.First, _past.Frames, frame, output, FrameFinish.Relu);
        Frame middle = Engine.Rent(frame.Height, frame.Width, frame.Channels);
        Engine.Convolve(layers.Second, [], output, middle, FrameFinish.Relu);
        Engine.Convolve(layers.Third, [], middle, output, FrameFinish.AddRelu, frame);
        Engine.Return(middle);
        _past.Advance(frame, Engine);
        Emit(output);
    }

    protected override void Forget() => _past.Clear(Engine);
}
