using System.Numerics.Tensors;
using Tessera.Neural.Convolutions;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;

namespace Tessera.Wan.Autoencoder;

/// <summary>Computes. Memory comes from a pool, so a steady flow of frames allocates nothing.</summary>
internal sealed class ComputingEngine(int threads, CancellationToken cancellationToken) : FrameEngine, IDisposable
{
    private const float SquashLimit = 3;

    // No kernel spans more than three frames.
    private readonly ActivationBlock[] _history = new ActivationBlock[2];
    private readonly ActivationPool _pool = new();

    /// <summary>Bytes of all memory that was ever lent.</summary>
    public long Bytes => _pool.Bytes;

    /// <summary>Frames that are lent now.</summary>
    public int Rented => _pool.Rented;

    public override Frame Rent(int height, int width, int channels) =>
        new(_pool.Rent(checked(height * width * channels)), height, width, channels);

    public override void Return(in Frame frame) => _pool.Return(frame.Block);

    public override void Convolve(
        Convolution layer, ReadOnlySpan<Frame> past, in Frame input, in Frame output, FrameFinish finish = FrameFinish.None,
        in Frame residual = default, int written = 1)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ReadOnlySpan<ActivationBlock> history = Present(past, _history);
        switch (finish)
        {
            case FrameFinish.None:
                layer.ForwardAfter(history, input.Values, input.Size, default(Activated<NoActivation>), output.Values, threads);
                break;
            case FrameFinish.Relu:
                layer.ForwardAfter(history, input.Values, input.Size, default(Activated<ReluActivation>), output.Values, threads);
                break;
            case FrameFinish.Add:
                layer.ForwardAfter(history, input.Values, input.Size, new Added<NoActivation>(output.Values), output.Values, threads);
                break;
            default:
                layer.ForwardAfter(history, input.Values, input.Size, new Added<ReluActivation>(residual.Values), output.Values, threads);
                break;
        }
    }

    public override void ConvolveDoubled(
        UpsamplingConvolution layer, in Frame input, in Frame output, FrameFinish finish = FrameFinish.None)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (finish == FrameFinish.Relu)
        {
            layer.Forward<ReluActivation>(input.Values, input.Height, input.Width, output.Values, threads);
        }
        else
        {
            layer.Forward<NoActivation>(input.Values, input.Height, input.Width, output.Values, threads);
        }
    }

    public override void Normalise(ChannelRmsNorm layer, in Frame input, in Frame output, bool isActivated)
    {
        if (isActivated)
        {
            layer.ForwardSilu(input.Values, output.Values, threads, cancellationToken);
        }
        else
        {
            layer.Forward(input.Values, output.Values, threads, cancellationToken);
        }
    }

    public override void Attend(in Frame queryKeyValue, in Frame output)
    {
        int rows = output.Height * output.Width;
        ActivationBlock scratch = _pool.Rent(WideAttention.ScratchLength(rows, threads));
        WideAttention.Forward(queryKeyValue.Values, rows, scratch.Span, output.Values, threads, cancellationToken);
        _pool.Return(scratch);
    }

    public override void Copy(in Frame input, in Frame output) => input.Values.CopyTo(output.Values);

    public override void Squash(in Frame frame)
    {
        TensorPrimitives.Divide(frame.Values, SquashLimit, frame.Values);
        TensorPrimitives.Tanh(frame.Values, frame.Values);
        TensorPrimitives.Multiply(frame.Values, SquashLimit, frame.Values);
    }

    public void Dispose() => _pool.Dispose();

    private static ReadOnlySpan<ActivationBlock> Present(ReadOnlySpan<Frame> past, Span<ActivationBlock> blocks)
    {
        int count = 0;
        foreach (Frame frame in past)
        {
            if (!frame.IsAbsent)
            {
                blocks[count++] = frame.Block;
            }
        }

        return blocks[..count];
    }
}
