using Tessera.Cuda.Driver;
using Tessera.Quantization;

namespace Tessera.Cuda;

/// <summary>One operand in device memory: [batch, heads, tokens, channels] with dense channels. It owns nothing.</summary>
/// <param name="Pointer">First element.</param>
/// <param name="Format">Float32, BFloat16 or Float16.</param>
/// <param name="BatchStride">Elements from one sequence to the next.</param>
/// <param name="HeadStride">Elements from one head to the next.</param>
/// <param name="TokenStride">Elements from one token to the next.</param>
public readonly record struct CudaTensor(DevicePointer Pointer, NumberFormat Format, long BatchStride, long HeadStride, long TokenStride)
{
    /// <summary>A tensor [batch, heads, tokens, channels] without gaps.</summary>
    public static CudaTensor Dense(DevicePointer pointer, NumberFormat format, int heads, int tokens, int channels) =>
        new(pointer, format, (long)heads * tokens * channels, (long)tokens * channels, channels);

    /// <summary>A tensor [batch, tokens, heads, channels] without gaps, as projections of a transformer leave it.</summary>
    public static CudaTensor TokenMajor(DevicePointer pointer, NumberFormat format, int heads, int tokens, int channels) =>
        new(pointer, format, (long)tokens * heads * channels, channels, (long)heads * channels);
}
