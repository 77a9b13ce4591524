using Tessera.Neural.Convolutions;
using Tessera.Neural.Layers;

namespace Tessera.Wan.Autoencoder;

/// <summary>Touches no memory and counts what computing would take.</summary>
internal sealed class CountingEngine(int threads) : FrameEngine
{
    private readonly Dictionary<int, int> _free = [];

    /// <summary>Floating-point operations of matrix products so far, two for each multiply-add of the network as written down.</summary>
    public double Operations { get; private set; }

    /// <summary>
    /// Those that are executed: without the taps of frames that do not exist, and with the smaller kernels on upsampled frames.
    /// </summary>
    public double ExecutedOperations { get; private set; }

    /// <summary>Bytes of all memory that was ever lent at once, block sizes told apart as the pool does.</summary>
    public long Bytes { get; private set; }

    public override Frame Rent(int height, int width, int channels)
    {
        Frame frame = new(default, height, width, channels);
        Take(frame.Length);
        return frame;
    }

    public override void Return(in Frame frame) => _free[frame.Length]++;

    public override void Convolve(
        Convolution layer, ReadOnlySpan<Frame> past, in Frame input, in Frame output, FrameFinish finish = FrameFinish.None,
        in Frame residual = default, int written = 1)
    {
        double one = (double)output.Length * layer.InputChannels * layer.KernelHeight * layer.KernelWidth;
        int absent = 0;
        foreach (Frame frame in past)
        {
            absent += frame.IsAbsent ? 1 : 0;
        }

        Count(written * one * layer.KernelFrames, one * (layer.KernelFrames - absent));
    }

    public override void ConvolveDoubled(
        UpsamplingConvolution layer, in Frame input, in Frame output, FrameFinish finish = FrameFinish.None) =>
        Count(
            (double)output.Length * layer.InputChannels * UpsamplingConvolution.Taps,
            (double)output.Length * layer.InputChannels * UpsamplingConvolution.ExecutedTaps);

    public override void Normalise(ChannelRmsNorm layer, in Frame input, in Frame output, bool isActivated)
    {
    }

    public override void Attend(in Frame queryKeyValue, in Frame output)
    {
        int rows = output.Height * output.Width;
        double multiplyAdds = 2.0 * rows * rows * output.Channels;
        Count(multiplyAdds, multiplyAdds);
        int scratch = WideAttention.ScratchLength(rows, threads);
        Take(scratch);
        _free[scratch]++;
    }

    public override void Copy(in Frame input, in Frame output)
    {
    }

    public override void Squash(in Frame frame)
    {
    }

    private void Take(int length)
    {
        if (_free.GetValueOrDefault(length) > 0)
        {
            _free[length]--;
        }
        else
        {
            _free.TryAdd(length, 0);
            Bytes += ActivationArena.Rounded(length) * sizeof(float);
        }
    }

    private void Count(double written, double executed)
    {
        Operations += 2 * written;
        ExecutedOperations += 2 * executed;
    }
}
