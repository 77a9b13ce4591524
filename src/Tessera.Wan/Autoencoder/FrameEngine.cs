using Tessera.Neural.Convolutions;
using Tessera.Neural.Layers;

namespace Tessera.Wan.Autoencoder;

/// <summary>
/// What the stages of an autoencoder are made of: memory for frames and the operations on them. One engine computes, another one only
/// counts operations and bytes, so that estimates come from the very code that runs.
/// </summary>
internal abstract class FrameEngine
{
    /// <summary>Is told every frame that a stage gives on, before anything later may change it; for tests.</summary>
    public Action<string, Frame>? Observer { get; init; }

    /// <summary>Memory for a frame, uninitialised.</summary>
    public abstract Frame Rent(int height, int width, int channels);

    /// <summary>Takes memory back.</summary>
    public abstract void Return(in Frame frame);

    /// <summary>Convolves one frame.</summary>
    /// <param name="layer">The layer; it may not stride along time.</param>
    /// <param name="past">The frames before, oldest first; absent ones are zeros.</param>
    /// <param name="input">The frame.</param>
    /// <param name="output">Receives the result; overlaps no input.</param>
    /// <param name="finish">What happens to the sums.</param>
    /// <param name="residual">For <see cref="FrameFinish.AddRelu"/>.</param>
    /// <param name="written">How many positions the network as written down computes for each of these.</param>
    public abstract void Convolve(
        Convolution layer, ReadOnlySpan<Frame> past, in Frame input, in Frame output, FrameFinish finish = FrameFinish.None,
        in Frame residual = default, int written = 1);

    /// <summary>Doubles a frame along height and width, then convolves it.</summary>
    public abstract void ConvolveDoubled(
        UpsamplingConvolution layer, in Frame input, in Frame output, FrameFinish finish = FrameFinish.None);

    /// <summary>Normalises positions and, if asked, applies SiLU. The output may be the input.</summary>
    public abstract void Normalise(ChannelRmsNorm layer, in Frame input, in Frame output, bool isActivated);

    /// <summary>Attends over the positions of a frame of [q, k, v].</summary>
    public abstract void Attend(in Frame queryKeyValue, in Frame output);

    /// <summary>Copies a frame.</summary>
    public abstract void Copy(in Frame input, in Frame output);

    /// <summary>Replaces the numbers of a frame by 3 tanh(x / 3).</summary>
    public abstract void Squash(in Frame frame);
}
