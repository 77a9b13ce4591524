using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary><c>Clamp</c>: 3 tanh(x / 3).</summary>
internal sealed class SquashStage(string name, FrameEngine engine) : FrameStage(name, engine)
{
    public override void Push(Frame frame)
    {
        Engine.Squash(frame);
        Emit(frame);
    }
}
