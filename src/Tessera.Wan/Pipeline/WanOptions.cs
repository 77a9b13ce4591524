using Tessera.Attention;
using Tessera.Neural.Products;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.SelfAttention;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// How a pipeline runs: nothing of it but the text length, the codec, the attention and the precision changes what it makes.
/// </summary>
public sealed record WanOptions
{
    /// <summary>Threads; 0 for all processors. Results do not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Self-attention of requests that name none; dense in float32 by default.</summary>
    public SelfAttentionOptions Attention { get; init; } = new();

    /// <summary>What runs attention plans; null for the CPU with <see cref="Threads"/>, then the reference.</summary>
    public KernelSettings? Kernels { get; init; }

    /// <summary>Reads softmax maps for methods that look at them; null for the CPU's.</summary>
    public IAttentionMapReader? MapReader { get; init; }

    /// <summary>
    /// File of a small decoder (TAEHV for Wan2.1, <c>taew2_1</c>) that stands in for the model's own autoencoder; null for the model's own.
    /// </summary>
    public string? TinyCodecPath { get; init; }

    /// <summary>Decodes frames in overlapping tiles, which bounds memory and changes the pixels where tiles meet; null for whole
    /// frames.</summary>
    public FrameTiling? Tiling { get; init; }

    /// <summary>
    /// What the transformer's wide products round their operands to; see <see cref="Transformer.WanTransformerOptions.Precision"/>. A
    /// generation is resumed in the precision that it began in.
    /// </summary>
    public ProductPrecision Precision { get; init; }

    /// <summary>Rows of text the transformer sees; null for the configuration's, 512 in every released model.</summary>
    public int? TextLength { get; init; }

    /// <summary>Most bytes a generation may need besides mapped weights; null for the memory of this machine.</summary>
    public long? MemoryLimit { get; init; }
}
