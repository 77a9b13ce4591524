namespace Tessera.Wan.Autoencoder;

/// <summary>The end of a network: hands frames to whoever wants them and gives their memory back.</summary>
internal sealed class SinkStage(string name, FrameEngine engine, Action<Frame>? consumer) : FrameStage(name, engine)
{
    public override void Push(Frame frame)
    {
        consumer?.Invoke(frame);
        Engine.Return(frame);
    }
}
