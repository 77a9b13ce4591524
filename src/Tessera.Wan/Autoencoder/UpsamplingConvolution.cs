using Tessera.Neural.Convolutions;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Serialization;

namespace Tessera.Wan.Autoencoder;

/// <summary>Nearest upsampling of a frame by two, followed by a 3x3 convolution that keeps the size. Immutable.</summary>
internal sealed class UpsamplingConvolution
{
    /// <summary>Taps of the kernel as the network is written down.</summary>
    public const int WrittenTaps = 9;

    private readonly Convolution _layer;

    public UpsamplingConvolution(StoredTensor weight, StoredTensor? bias) =>
        _layer = new Convolution(weight, bias, ConvolutionGeometry.Same3x3);

    public int InputChannels => _layer.InputChannels;

    public int OutputChannels => _layer.OutputChannels;

    /// <summary>Floats of scratch memory.</summary>
    public static int ScratchLength(in Frame input) => checked(4 * input.Length);

    /// <summary>Applies both to a frame.</summary>
    public void Forward(
        in Frame input, Span<float> scratch, in Frame output, FrameFinish finish, int threads, CancellationToken cancellationToken)
    {
        NearestUpsampling.Forward(input.Values, input.Height, input.Width, scratch, threads, cancellationToken);
        if (finish == FrameFinish.Relu)
        {
            _layer.Forward([], scratch, output.Size, default(Activated<ReluActivation>), output.Values, threads);
        }
        else
        {
            _layer.Forward([], scratch, output.Size, output.Values, threads);
        }
    }
}
