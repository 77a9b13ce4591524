namespace Tessera.Wan.Autoencoder;

/// <summary>
/// One step of a network through which frames flow, one at a time: it takes a frame, and gives none, one or several on. What it must
/// remember of earlier frames it keeps itself, so the frames in flight never depend on the length of a clip. A stage belongs to one run.
/// </summary>
/// <param name="name">Name of the module in the checkpoint.</param>
/// <param name="engine">What computes.</param>
internal abstract class FrameStage(string name, FrameEngine engine)
{
    private FrameStage? _next;

    protected FrameEngine Engine { get; } = engine;

    /// <summary>Takes a frame, which is the stage's own from now on.</summary>
    public abstract void Push(Frame frame);

    /// <summary>Forgets earlier frames, here and behind.</summary>
    public void Clear()
    {
        Forget();
        _next?.Clear();
    }

    /// <summary>Sets the stage behind and returns it.</summary>
    public FrameStage Then(FrameStage next) => _next = next;

    /// <summary>Gives earlier frames back to the engine.</summary>
    protected virtual void Forget()
    {
    }

    /// <summary>Gives a frame on; it is no longer this stage's.</summary>
    protected void Emit(in Frame frame)
    {
        Engine.Observer?.Invoke(name, frame);
        _next!.Push(frame);
    }
}
