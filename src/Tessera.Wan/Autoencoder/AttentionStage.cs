namespace Tessera.Wan.Autoencoder;

/// <summary><see cref="AttentionLayers"/> on a flow of frames; every frame is by itself.</summary>
internal sealed class AttentionStage(FrameEngine engine, AttentionLayers layers) : FrameStage(layers.Name, engine)
{
    public override void Push(Frame frame)
    {
        Frame mixed = Engine.Rent(frame.Height, frame.Width, frame.Channels);
        Engine.Normalise(layers.Norm, frame, mixed, isActivated: false);
        Frame queryKeyValue = Engine.Rent(frame.Height, frame.Width, layers.QueryKeyValue.OutputChannels);
        Engine.Convolve(layers.QueryKeyValue, [], mixed, queryKeyValue);
        Engine.Attend(queryKeyValue, mixed);
        Engine.Return(queryKeyValue);
        Engine.Convolve(layers.Projection, [], mixed, frame, FrameFinish.Add);
        Engine.Return(mixed);
        Emit(frame);
    }
}
