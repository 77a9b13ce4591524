using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// The layers of the encoder: a 3x3x3 convolution, four levels of two residual blocks with a downsampling between them, residual block,
/// attention, residual block, the head, and a 1x1x1 convolution. Immutable.
/// </summary>
internal sealed class WanVaeEncoder
{
    private const string EntryName = "encoder.conv1";
    private const string LatentName = "conv1";
    private const int Levels = 4;
    private const int BlocksOfLevel = 2;

    private readonly Convolution _entry;
    private readonly object[] _downsamples;
    private readonly ResidualLayers _before;
    private readonly AttentionLayers _attention;
    private readonly ResidualLayers _after;
    private readonly HeadLayers _head;
    private readonly Convolution _latent;

    public WanVaeEncoder(Checkpoint weights)
    {
        _entry = weights.Convolution(EntryName, ConvolutionGeometry.Causal3x3x3);
        _downsamples = new object[(Levels * (BlocksOfLevel + 1)) - 1];
        for (int i = 0; i < _downsamples.Length; i++)
        {
            string name = $"encoder.downsamples.{i}";
            _downsamples[i] = i % (BlocksOfLevel + 1) < BlocksOfLevel
                ? new ResidualLayers(weights, name)
                : new DownsampleLayers(weights, name);
        }

        _before = new ResidualLayers(weights, "encoder.middle.0");
        _attention = new AttentionLayers(weights, "encoder.middle.1");
        _after = new ResidualLayers(weights, "encoder.middle.2");
        _head = new HeadLayers(weights, "encoder.head");
        _latent = weights.Convolution(LatentName, ConvolutionGeometry.Pointwise);
    }

    /// <summary>
    /// A flow from frames of pixels to frames of mean and logarithm of variance, 16 channels each; returns where to push.
    /// </summary>
    public FrameStage Build(FrameEngine engine, Action<Frame>? consumer)
    {
        FrameStage first = new ConvolutionStage(EntryName, engine, _entry);
        FrameStage last = first;
        foreach (object layers in _downsamples)
        {
            last = last.Then(layers is ResidualLayers residual
                ? new ResidualStage(engine, residual)
                : new DownsampleStage(engine, (DownsampleLayers)layers));
        }

        last.Then(new ResidualStage(engine, _before))
            .Then(new AttentionStage(engine, _attention))
            .Then(new ResidualStage(engine, _after))
            .Then(new HeadStage(engine, _head))
            .Then(new ConvolutionStage(LatentName, engine, _latent))
            .Then(new SinkStage("moments", engine, consumer));
        return first;
    }
}
