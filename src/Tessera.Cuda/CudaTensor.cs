using System.Globalization;
using Tessera.Attention;
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

    /// <summary>Bytes of an element.</summary>
    internal int ElementBytes => Format == NumberFormat.Float32 ? 4 : 2;

    /// <summary>A tensor [batch, tokens, heads, channels] without gaps, as projections of a transformer leave it.</summary>
    public static CudaTensor TokenMajor(DevicePointer pointer, NumberFormat format, int heads, int tokens, int channels) =>
        new(pointer, format, (long)tokens * heads * channels, channels, (long)heads * channels);

    /// <summary>Checks format, address and strides; strides of axes with one entry are not looked at.</summary>
    internal void RequireFits(string name, AttentionShape shape, int tokens)
    {
        if (Format is not (NumberFormat.Float32 or NumberFormat.BFloat16 or NumberFormat.Float16))
        {
            throw new ArgumentException(
                $"{name} is {Format}; the kernels read and write Float32, BFloat16 and Float16: convert the tensor first.", name);
        }

        if (Pointer.IsNull)
        {
            throw new ArgumentException($"{name} is null; wanted the address of its first element in device memory.", name);
        }

        if (Pointer.Address % (ulong)ElementBytes != 0)
        {
            throw new ArgumentException(
                $"{name} begins at {Pointer}; elements of {Format} need an address that {ElementBytes} divides: is it the address of the "
                    + "tensor's first element?",
                name);
        }

        // Addresses are sums of products in 64 bits: what wraps around would be read somewhere else.
        UInt128 span = Reach(shape.Batch, BatchStride) + Reach(shape.Heads, HeadStride) + Reach(tokens, TokenStride) + (uint)shape.HeadDim;
        if (span * (uint)ElementBytes > long.MaxValue)
        {
            throw new ArgumentException(
                $"{name} has {Strides}, which reach over {span} elements; strides count elements, not bytes.", name);
        }
    }

    /// <summary>Checks that no two rows share an element, which strides of an output must not do.</summary>
    internal void RequireDistinctRows(string name, AttentionShape shape, int tokens)
    {
        Span<(long Stride, long Length)> axes =
            [(Math.Abs(BatchStride), shape.Batch), (Math.Abs(HeadStride), shape.Heads), (Math.Abs(TokenStride), tokens)];
        axes.Sort(static (left, right) => left.Stride.CompareTo(right.Stride));
        UInt128 occupied = (uint)shape.HeadDim;
        foreach ((long stride, long length) in axes)
        {
            if (length > 1 && (UInt128)stride < occupied)
            {
                throw new ArgumentException(
                    $"{name} has {Strides} for {shape}: rows of {shape.HeadDim} channels overlap. Wanted strides that keep them apart, as "
                        + "CudaTensor.Dense and CudaTensor.TokenMajor make them.",
                    name);
            }

            occupied += length > 1 ? (UInt128)(length - 1) * (UInt128)stride : 0;
        }
    }

    private string Strides => string.Create(
        CultureInfo.InvariantCulture, $"strides of {BatchStride} (batch), {HeadStride} (head) and {TokenStride} (token) elements");

    private static UInt128 Reach(int length, long stride) =>
        (UInt128)(uint)(length - 1) * (stride < 0 ? (UInt128)(ulong)-(stride + 1) + 1 : (UInt128)(ulong)stride);
}
