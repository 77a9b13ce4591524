using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;
using Tessera.Serialization;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary>
/// The layers of the encoder: three levels of a pooling over time, a convolution with stride 2 and blocks with memory. Immutable.
/// </summary>
internal sealed class TinyEncoder
{
    private const string EntryName = "encoder.0";

    private readonly Convolution _entry;
    private readonly (string Name, Convolution Pool, string HalvingName, Convolution Halving, MemoryLayers[] Blocks)[] _levels;
    private readonly Convolution _exit;

    public TinyEncoder(Checkpoint weights)
    {
        _entry = weights.Convolution(EntryName, ConvolutionGeometry.Same3x3);
        _levels = new (string, Convolution, string, Convolution, MemoryLayers[])[TinyVaeConfig.Shrinkage.Length];
        for (int level = 0; level < _levels.Length; level++)
        {
            int first = TinyVaeConfig.EncoderEntry + (level * TinyVaeConfig.EncoderLevel);
            string halving = $"encoder.{first + 1}";
            _levels[level] = (
                $"encoder.{first}", Pool(weights[$"encoder.{first}.conv.weight"], TinyVaeConfig.Shrinkage[level]), halving,
                weights.Convolution(halving, ConvolutionGeometry.Same3x3 with { Stride = 2 }),
                [.. Enumerable.Range(first + 2, TinyVaeConfig.BlocksOfLevel).Select(i => new MemoryLayers(weights, $"encoder.{i}"))]);
        }

        _exit = weights.Convolution(TinyVaeConfig.EncoderExit, ConvolutionGeometry.Same3x3);
    }

    /// <summary>A flow from frames of pixels in [0, 1] to frames of the latent.</summary>
    public FrameStage Build(FrameEngine engine, Action<Frame>? consumer)
    {
        FrameStage first = new ConvolutionStage(EntryName, engine, _entry, FrameFinish.Relu);
        FrameStage last = first;
        foreach ((string name, Convolution pool, string halvingName, Convolution halving, MemoryLayers[] blocks) in _levels)
        {
            last = last.Then(new PoolStage(name, engine, pool)).Then(new ConvolutionStage(halvingName, engine, halving));
            foreach (MemoryLayers block in blocks)
            {
                last = last.Then(new MemoryStage(engine, block));
            }
        }

        last.Then(new ConvolutionStage(TinyVaeConfig.EncoderExit, engine, _exit)).Then(new SinkStage("latent", engine, consumer));
        return first;
    }

    /// <summary>W [out, frames in, 1, 1] over frames stacked in channels, earliest first, as a kernel over frames.</summary>
    private static Convolution Pool(StoredTensor weight, int frames)
    {
        int outputs = checked((int)weight.Rows);
        int inputs = checked((int)weight.RowLength) / frames;
        float[] stacked = weight.ReadSingle();
        float[] kernel = new float[stacked.Length];
        for (int i = 0; i < kernel.Length; i++)
        {
            (int row, int rest) = Math.DivRem(i, inputs * frames);
            (int channel, int frame) = Math.DivRem(rest, frames);
            kernel[i] = stacked[(((row * frames) + frame) * inputs) + channel];
        }

        return new Convolution(
            StoredTensor.FromValues<float>(weight.Name, [outputs, inputs, frames, 1, 1], kernel), null,
            ConvolutionGeometry.Pointwise with { LeadingFrames = frames - 1 });
    }
}
