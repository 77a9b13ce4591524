using Tessera.Neural.Convolutions;

namespace Tessera.Wan.Autoencoder;

/// <summary>A convolution, causal if its kernel has several frames.</summary>
internal sealed class ConvolutionStage(string name, FrameEngine engine, Convolution layer, FrameFinish finish = FrameFinish.None)
    : FrameStage(name, engine)
{
    private readonly FramePast? _past = layer.KernelFrames > 1 ? new FramePast(layer.KernelFrames - 1) : null;

    public override void Push(Frame frame)
    {
        int stride = layer.Geometry.Stride;
        Frame output = Engine.Rent(frame.Height / stride, frame.Width / stride, layer.OutputChannels);
        if (_past is null)
        {
            Engine.Convolve(layer, [], frame, output, finish);
            Engine.Return(frame);
        }
        else
        {
            Engine.Convolve(layer, _past.Frames, frame, output, finish);
            _past.Advance(frame, Engine);
        }

        Emit(output);
    }

    protected override void Forget() => _past?.Clear(Engine);
}
