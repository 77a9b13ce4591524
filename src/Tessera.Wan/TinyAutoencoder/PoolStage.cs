using Tessera.Neural.Convolutions;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary><c>TPool</c>: a 1x1 convolution of several frames stacked in channels to one.</summary>
internal sealed class PoolStage(string name, FrameEngine engine, Convolution layer) : FrameStage(name, engine)
{
    private readonly FramePast? _past = layer.KernelFrames > 1 ? new FramePast(layer.KernelFrames - 1) : null;
    private int _waiting;

    public override void Push(Frame frame)
    {
        if (++_waiting < layer.KernelFrames)
        {
            _past!.Advance(frame, Engine);
            return;
        }

        _waiting = 0;
        Frame output = Engine.Rent(frame.Height, frame.Width, layer.OutputChannels);
        Engine.Convolve(layer, _past is null ? [] : _past.Frames, frame, output);
        Engine.Return(frame);
        _past?.Clear(Engine);
        Emit(output);
    }

    protected override void Forget()
    {
        _past?.Clear(Engine);
        _waiting = 0;
    }
}
