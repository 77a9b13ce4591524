using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Autoencoder;

/// <summary>The last look at numbers before they leave an autoencoder.</summary>
internal static class PixelRange
{
    /// <summary>Checks that numbers are finite.</summary>
    /// <exception cref="CheckpointFormatException">A weight is NaN or infinite; the message names it.</exception>
    /// <exception cref="ArithmeticException">The weights are finite.</exception>
    public static void RequireFinite(ReadOnlySpan<float> values, Checkpoint weights)
    {
        if (!TensorPrimitives.IsFiniteAll(values))
        {
            throw weights.FindNonFinite() is { } fault
                ? new CheckpointFormatException($"{weights.Source}: {fault}.")
                : new ArithmeticException(
                    $"The autoencoder of {weights.Source} overflowed, although its weights are finite: its input holds NaN or is far "
                        + "out of range.");
        }
    }

    /// <summary>Clamps pixels to [-1, 1].</summary>
    public static void Clamp(Span<float> pixels) => TensorPrimitives.Clamp(pixels, -1f, 1f, pixels);
}
