using Tessera.Neural.Checkpoints;
using Tessera.Neural.Convolutions;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// The layers of the decoder: a 1x1x1 convolution, a 3x3x3 one to the widest level, residual block, attention, residual block, then four
/// levels of three residual blocks with an upsampling between them, and the head. Immutable.
/// </summary>
internal sealed class WanVaeDecoder
{
    private const string EntryName = "decoder.conv1";
    private const string LatentName = "conv2";
    private const int Levels = 4;
    private const int BlocksOfLevel = 3;

    private readonly Convolution _latent;
    private readonly Convolution _entry;
    private readonly ResidualLayers _before;
    private readonly AttentionLayers _attention;
    private readonly ResidualLayers _after;
    private readonly object[] _upsamples;
    private readonly HeadLayers _head;

    public WanVaeDecoder(Checkpoint weights)
    {
        _latent = weights.Convolution(LatentName, ConvolutionGeometry.Pointwise);
        _entry = weights.Convolution(EntryName, ConvolutionGeometry.Causal3x3x3);
        _before = new ResidualLayers(weights, "decoder.middle.0");
        _attention = new AttentionLayers(weights, "decoder.middle.1");
        _after = new ResidualLayers(weights, "decoder.middle.2");
        _upsamples = new object[(Levels * (BlocksOfLevel + 1)) - 1];
        for (int i = 0; i < _upsamples.Length; i++)
        {
            string name = $"decoder.upsamples.{i}";
            _upsamples[i] = i % (BlocksOfLevel + 1) < BlocksOfLevel
                ? new ResidualLayers(weights, name)
                : new UpsampleLayers(weights, name);
        }

        _head = new HeadLayers(weights, "decoder.head");
    }

    /// <summary>Whether a tensor belongs to the decoder.</summary>
    public static bool Owns(TensorSpecification tensor) =>
        tensor.Name.StartsWith("decoder.", StringComparison.Ordinal) || tensor.Name.StartsWith($"{LatentName}.", StringComparison.Ordinal);

    /// <summary>
    /// A flow from frames of the latent, mean and deviation undone, to frames of pixels; returns where to push.
    /// </summary>
    public FrameStage Build(FrameEngine engine, Action<Frame>? consumer)
    {
        FrameStage first = new ConvolutionStage(LatentName, engine, _latent);
        FrameStage last = first.Then(new ConvolutionStage(EntryName, engine, _entry))
            .Then(new ResidualStage(engine, _before))
            .Then(new AttentionStage(engine, _attention))
            .Then(new ResidualStage(engine, _after));
        foreach (object layers in _upsamples)
        {
            last = last.Then(layers is ResidualLayers residual
                ? new ResidualStage(engine, residual)
                : new UpsampleStage(engine, (UpsampleLayers)layers));
        }

        last.Then(new HeadStage(engine, _head)).Then(new SinkStage("pixels", engine, consumer));
        return first;
    }
}
