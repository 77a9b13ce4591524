namespace Tessera.Attention;

/// <summary>Where the factors of 16 channels come from: one axis, or two that meet there.</summary>
/// <param name="Axis">An axis.</param>
/// <param name="Offset">Place within its row.</param>
/// <param name="OtherAxis">Another axis, or <see cref="RotaryEmbedding.NoAxis"/>, whose row is zeros.</param>
/// <param name="OtherOffset">Place within the other's row.</param>
internal readonly record struct RotaryBlock(int Axis, int Offset, int OtherAxis, int OtherOffset);
