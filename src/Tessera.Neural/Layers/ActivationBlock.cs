namespace Tessera.Neural.Layers;

/// <summary>A block of an <see cref="ActivationArena"/> that can be kept in a field; valid until the arena is reset or disposed.</summary>
public readonly unsafe struct ActivationBlock
{
    private readonly float* _start;
    private readonly int _length;

    internal ActivationBlock(float* start, int length)
    {
        _start = start;
        _length = length;
    }

    /// <summary>The floats, aligned to 64 bytes.</summary>
    public Span<float> Span => new(_start, _length);
}
