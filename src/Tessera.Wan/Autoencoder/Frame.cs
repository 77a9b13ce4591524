using Tessera.Neural.Convolutions;
using Tessera.Neural.Layers;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// Activations of one frame, [height, width, channels], in memory that a <see cref="FrameEngine"/> lends. The default value stands for a
/// frame of zeros that was never stored.
/// </summary>
internal readonly struct Frame(ActivationBlock block, int height, int width, int channels)
{
    /// <summary>The memory; empty in engines that only count.</summary>
    public ActivationBlock Block { get; } = block;

    public int Height { get; } = height;

    public int Width { get; } = width;

    public int Channels { get; } = channels;

    /// <summary>Whether there is nothing, which stands for zeros.</summary>
    public bool IsAbsent => Channels == 0;

    /// <summary>[height, width, channels].</summary>
    public Span<float> Values => Block.Span;

    /// <summary>Numbers of the frame.</summary>
    public int Length => checked(Height * Width * Channels);

    /// <summary>Extents as those of a video of one frame.</summary>
    public FrameSize Size => new(1, Height, Width);
}
