using Tessera.Neural.Checkpoints;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary>
/// Sizes of the tiny autoencoder TAEHV in the arrangement of its weights for Wan2.1, <c>taew2_1</c>. Source: madebyollin/taehv,
/// <c>taehv.py</c>.
/// </summary>
public sealed record TinyVaeConfig
{
    /// <summary>Places of the decoder where time grows: frames that become of one, by level.</summary>
    internal static readonly int[] Growth = [1, 2, 2];

    /// <summary>Frames of which the encoder makes one, by level.</summary>
    internal static readonly int[] Shrinkage = [2, 2, 1];

    /// <summary>Blocks with memory of a level.</summary>
    internal const int BlocksOfLevel = 3;

    /// <summary>Layers of the decoder before its first level, and of one level.</summary>
    internal const int DecoderEntry = 3;

    /// <summary>Layers of a level: blocks, upsampling, growth, convolution.</summary>
    internal const int DecoderLevel = BlocksOfLevel + 3;

    /// <summary>Layers of the encoder before its first level.</summary>
    internal const int EncoderEntry = 2;

    /// <summary>Layers of a level: pooling, convolution, blocks.</summary>
    internal const int EncoderLevel = BlocksOfLevel + 2;

    /// <summary>Widths of the decoder's three levels and of the convolution behind them; 256, 128, 64, 64 in the released model.</summary>
    public IReadOnlyList<int> DecoderWidths { get; init; } = [256, 128, 64, 64];

    /// <summary>Width of the encoder; 64 in the released model.</summary>
    public int EncoderWidth { get; init; } = 64;

    /// <summary>
    /// Frames for which the weights of each growth are stored. Where they are more than grow, the last ones count.
    /// </summary>
    public IReadOnlyList<int> StoredGrowth { get; init; } = Growth;

    /// <summary>Reads the sizes off weights.</summary>
    /// <exception cref="CheckpointFormatException">The weights are those of another model.</exception>
    public static TinyVaeConfig FromWeights(Checkpoint weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        WeightShapes shapes = new(weights);
        int[] widths = new int[Growth.Length + 1];
        int[] stored = new int[Growth.Length];
        widths[0] = shapes.Extent("decoder.1.weight", 0);
        for (int level = 0; level < Growth.Length; level++)
        {
            widths[level + 1] = shapes.Extent($"decoder.{ConvolutionOf(level)}.weight", 0);
            (int groups, int rest) = Math.DivRem(shapes.Extent($"decoder.{ConvolutionOf(level) - 1}.conv.weight", 0), widths[level]);

            // Anything else is misshapen and will be reported with all other faults.
            stored[level] = rest == 0 && groups >= Growth[level] ? groups : Growth[level];
        }

        return new TinyVaeConfig
        {
            DecoderWidths = widths,
            EncoderWidth = shapes.Extent("encoder.0.weight", 0),
            StoredGrowth = stored,
        };
    }

    /// <summary>Every tensor of the model.</summary>
    public IEnumerable<TensorSpecification> Tensors()
    {
        List<TensorSpecification> tensors = [.. Conv("decoder.1", DecoderWidths[0], LatentShape.Channels, hasBias: true)];
        for (int level = 0; level < Growth.Length; level++)
        {
            int width = DecoderWidths[level];
            int convolution = ConvolutionOf(level);
            tensors.AddRange(Blocks("decoder", DecoderEntry + (level * DecoderLevel), width));
            tensors.Add(new($"decoder.{convolution - 1}.conv.weight", StoredGrowth[level] * width, width, 1, 1));
            tensors.AddRange(Conv($"decoder.{convolution}", DecoderWidths[level + 1], width, hasBias: false));
        }

        tensors.AddRange(Conv(DecoderExit, LatentShape.PixelChannels, DecoderWidths[^1], hasBias: true));
        tensors.AddRange(Conv("encoder.0", EncoderWidth, LatentShape.PixelChannels, hasBias: true));
        for (int level = 0; level < Shrinkage.Length; level++)
        {
            int pooling = EncoderEntry + (level * EncoderLevel);
            tensors.Add(new($"encoder.{pooling}.conv.weight", EncoderWidth, Shrinkage[level] * EncoderWidth, 1, 1));
            tensors.AddRange(Conv($"encoder.{pooling + 1}", EncoderWidth, EncoderWidth, hasBias: false));
            tensors.AddRange(Blocks("encoder", pooling + 2, EncoderWidth));
        }

        return [.. tensors, .. Conv(EncoderExit, LatentShape.Channels, EncoderWidth, hasBias: true)];
    }

    /// <summary>The last convolution of the decoder, behind a ReLU.</summary>
    internal static string DecoderExit { get; } = $"decoder.{DecoderEntry + (Growth.Length * DecoderLevel) + 1}";

    /// <summary>The last convolution of the encoder.</summary>
    internal static string EncoderExit { get; } = $"encoder.{EncoderEntry + (Shrinkage.Length * EncoderLevel)}";

    /// <summary>Number of the decoder's convolution behind a level; the growth is the layer before it.</summary>
    internal static int ConvolutionOf(int level) => DecoderEntry + ((level + 1) * DecoderLevel) - 1;

    private static List<TensorSpecification> Blocks(string part, int first, int width)
    {
        List<TensorSpecification> tensors = [];
        for (int block = first; block < first + BlocksOfLevel; block++)
        {
            tensors.AddRange(Conv($"{part}.{block}.conv.0", width, 2 * width, hasBias: true));
            tensors.AddRange(Conv($"{part}.{block}.conv.2", width, width, hasBias: true));
            tensors.AddRange(Conv($"{part}.{block}.conv.4", width, width, hasBias: true));
        }

        return tensors;
    }

    private static TensorSpecification[] Conv(string name, int outputs, int inputs, bool hasBias) =>
        hasBias
            ? [new($"{name}.weight", outputs, inputs, 3, 3), new($"{name}.bias", outputs)]
            : [new($"{name}.weight", outputs, inputs, 3, 3)];
}
