using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary>The layers of the decoder: three levels of blocks with memory, each followed by an upsampling. Immutable.</summary>
internal sealed class TinyDecoder
{
    private const string EntryName = "decoder.1";

    private readonly Convolution _entry;
    private readonly MemoryLayers[][] _blocks;
    private readonly GrowthLayers[] _growths;
    private readonly Convolution _exit;

    public TinyDecoder(Checkpoint weights)
    {
        int levels = TinyVaeConfig.Growth.Length;
        _entry = weights.Convolution(EntryName, ConvolutionGeometry.Same3x3);
        _blocks = [.. Enumerable.Range(0, levels).Select(level => ReadBlocks(weights, level))];
        _growths = [.. Enumerable.Range(0, levels).Select(level => new GrowthLayers(weights, level))];
        _exit = weights.Convolution(TinyVaeConfig.DecoderExit, ConvolutionGeometry.Same3x3);
    }

    /// <summary>A flow from frames of the latent to frames of pixels in [0, 1] that are not clamped yet.</summary>
    /// <param name="engine">What computes.</param>
    /// <param name="consumer">Receives the pixels.</param>
    /// <param name="unused">Leading frames that are left out.</param>
    public FrameStage Build(FrameEngine engine, Action<Frame>? consumer, int unused)
    {
        FrameStage first = new SquashStage("decoder.0", engine);
        FrameStage last = first.Then(new ConvolutionStage(EntryName, engine, _entry, FrameFinish.Relu));
        for (int level = 0; level < _blocks.Length; level++)
        {
            bool isLast = level == _blocks.Length - 1;
            foreach (MemoryLayers block in _blocks[level])
            {
                last = last.Then(new MemoryStage(engine, block));
            }

            last = last.Then(
                new GrowthStage(engine, _growths[level], isLast ? FrameFinish.Relu : FrameFinish.None, isLast ? unused : 0));
        }

        last.Then(new ConvolutionStage(TinyVaeConfig.DecoderExit, engine, _exit)).Then(new SinkStage("pixels", engine, consumer));
        return first;
    }

    private static MemoryLayers[] ReadBlocks(Checkpoint weights, int level)
    {
        int first = TinyVaeConfig.DecoderEntry + (level * TinyVaeConfig.DecoderLevel);
        return
        [
            .. Enumerable.Range(first, TinyVaeConfig.BlocksOfLevel).Select(index => new MemoryLayers(weights, $"decoder.{index}")),
        ];
    }
}
