using System.Numerics.Tensors;

namespace Tessera.Wan.Autoencoder;

/// <summary>The range in which a network has its pixels: <c>network = scale pixel + offset</c> of a pixel in [-1, 1].</summary>
/// <param name="Scale">Factor.</param>
/// <param name="Offset">What a pixel of 0 is.</param>
internal readonly record struct PixelRange(float Scale, float Offset)
{
    /// <summary>[-1, 1].</summary>
    public static PixelRange Signed { get; } = new(1, 0);

    /// <summary>[0, 1].</summary>
    public static PixelRange Unit { get; } = new(0.5f, 0.5f);

    /// <summary>Pixels in [-1, 1] as the network has them, in place.</summary>
    public void ToNetwork(Span<float> pixels)
    {
        if (this != Signed)
        {
            TensorPrimitives.Multiply(pixels, Scale, pixels);
            TensorPrimitives.Add(pixels, Offset, pixels);
        }
    }

    /// <summary>Numbers of the network as pixels, in place; not clamped.</summary>
    public void FromNetwork(Span<float> values)
    {
        if (this != Signed)
        {
            TensorPrimitives.Subtract(values, Offset, values);
            TensorPrimitives.Divide(values, Scale, values);
        }
    }

    /// <summary>Clamps pixels to [-1, 1].</summary>
    public static void Clamp(Span<float> pixels) => TensorPrimitives.Clamp(pixels, -1f, 1f, pixels);
}
