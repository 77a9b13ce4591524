using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu.Isa;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Serialization;

namespace Tessera.Neural.Convolutions;

/// <summary>
/// A convolution over channels-last videos,
/// <c>y[t, h, w, o] = b[o] + sum over (i, j, k, c) of W[o, c, i, j, k] x[t s_t + i - p_t, h s + j - p_h, w s + k - p_w, c]</c>, where x
/// is zero outside. Two spatial axes, or three with a causal time axis. Weights are packed when the layer is first used. Immutable.
/// </summary>
/// <remarks>
/// Backward, for training to add: <c>dx</c> is the convolution of dy, spread by the stride, with the kernel mirrored and its channels
/// exchanged; <c>dW</c> sums dy times x over all positions; <c>db</c> sums dy.
/// </remarks>
public sealed unsafe class Convolution
{
    private const long SmallestParallelWork = 1 << 18;

    private readonly float[] _bias;
    private readonly bool _isPaired;
    private readonly Lock _packing = new();
    private PackedKernel? _packed;
    private WindowStretches? _stretches;

    /// <summary>Makes a layer.</summary>
    /// <param name="weight">W [out, in, height, width] or [out, in, frames, height, width].</param>
    /// <param name="bias">b [out], or null for none.</param>
    /// <param name="geometry">Strides and zeros.</param>
    /// <exception cref="ArgumentException">The weight has another number of axes, the bias another length, or the geometry a stride below
    /// 1 or a negative number of zeros.</exception>
    public Convolution(StoredTensor weight, StoredTensor? bias, ConvolutionGeometry geometry)
        : this(weight, bias, geometry, isPaired: false)
    {
    }

    private Convolution(StoredTensor weight, StoredTensor? bias, ConvolutionGeometry geometry, bool isPaired)
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(geometry);
        if (weight.Shape.Count is not (4 or 5) || weight.ElementCount == 0)
        {
            throw new ArgumentException(
                $"The weight {weight} is no kernel; wanted [out, in, height, width] or [out, in, frames, height, width].", nameof(weight));
        }

        if (geometry.Stride < 1 || geometry.FrameStride < 1
            || Math.Min(Math.Min(geometry.Top, geometry.Bottom), Math.Min(geometry.Left, geometry.Right)) < 0 || geometry.LeadingFrames < 0)
        {
            throw new ArgumentException($"{geometry} has a stride below 1 or less than no zeros.", nameof(geometry));
        }

        Weight = weight;
        Geometry = geometry;
        OutputChannels = checked((int)weight.Shape[0]);
        InputChannels = checked((int)weight.Shape[1]);
        KernelFrames = weight.Shape.Count == 5 ? checked((int)weight.Shape[2]) : 1;
        KernelHeight = checked((int)weight.Shape[^2]);
        KernelWidth = checked((int)weight.Shape[^1]);
        if (isPaired)
        {
            if (weight.Shape.Count != 4 || InputChannels % 2 != 0)
            {
                throw new ArgumentException(
                    $"The weight {weight} does not take pairs of frames; wanted [out, 2 in, height, width].", nameof(weight));
            }

            InputChannels /= 2;
            KernelFrames = 2;
        }

        _bias = bias?.ReadSingle() ?? [];
        if (bias is not null && _bias.Length != OutputChannels)
        {
            throw new ArgumentException(
                $"The bias {bias} does not fit the weight {weight}; wanted {OutputChannels} numbers.", nameof(bias));
        }

        _isPaired = isPaired;
    }

    /// <summary>W as stored.</summary>
    public StoredTensor Weight { get; }

    /// <summary>Strides and zeros.</summary>
    public ConvolutionGeometry Geometry { get; }

    /// <summary>Channels of the input.</summary>
    public int InputChannels { get; }

    /// <summary>Channels of the output.</summary>
    public int OutputChannels { get; }

    /// <summary>Frames that an output frame depends on.</summary>
    public int KernelFrames { get; }

    /// <summary>Rows of the kernel.</summary>
    public int KernelHeight { get; }

    /// <summary>Columns of the kernel.</summary>
    public int KernelWidth { get; }

    private bool IsPointwise => KernelFrames * KernelHeight * KernelWidth == 1 && Geometry == ConvolutionGeometry.Pointwise;

    /// <summary>
    /// A convolution of each frame stacked in channels on the frame before it: W [out, 2 in, height, width], the first half of whose
    /// channels belongs to the frame itself and the second to its predecessor. It is the causal convolution over two frames.
    /// </summary>
    /// <param name="weight">W.</param>
    /// <param name="bias">b [out], or null for none.</param>
    /// <param name="geometry">Strides and zeros; one leading frame.</param>
    /// <exception cref="ArgumentException">As for the constructor.</exception>
    public static Convolution OverFramePairs(StoredTensor weight, StoredTensor? bias, ConvolutionGeometry geometry) =>
        new(weight, bias, geometry, isPaired: true);

    /// <summary>Extents of the output.</summary>
    /// <param name="historyFrames">Frames of history that are given.</param>
    /// <param name="input">Extents of the input, without history.</param>
    /// <exception cref="ArgumentException">The kernel exceeds what it moves over, or there is more history than it sees.</exception>
    public FrameSize OutputSize(int historyFrames, FrameSize input)
    {
        int seen = Math.Max(Geometry.LeadingFrames, KernelFrames - 1);
        if (historyFrames < 0 || historyFrames > seen)
        {
            throw new ArgumentOutOfRangeException(nameof(historyFrames), historyFrames, $"Wanted 0 to {seen} frames of history.");
        }

        int frames = Math.Max(Geometry.LeadingFrames, historyFrames) + input.Frames - KernelFrames;
        int height = Geometry.Top + input.Height + Geometry.Bottom - KernelHeight;
        int width = Geometry.Left + input.Width + Geometry.Right - KernelWidth;
        if (Math.Min(frames, Math.Min(height, width)) < 0 || input.Frames < 1)
        {
            throw new ArgumentException(
                $"A video of {input} with {historyFrames} frames of history is smaller than the kernel of {Weight}.", nameof(input));
        }

        return new FrameSize((frames / Geometry.FrameStride) + 1, (height / Geometry.Stride) + 1, (width / Geometry.Stride) + 1);
    }

    /// <summary>Convolves.</summary>
    /// <param name="history">Frames that came before the input, [frames, height, width, in]; empty for none.</param>
    /// <param name="input">x [frames, height, width, in].</param>
    /// <param name="size">Extents of the input.</param>
    /// <param name="output">y, of the extents that <see cref="OutputSize"/> tells; must overlap neither input nor history.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Forward(ReadOnlySpan<float> history, ReadOnlySpan<float> input, FrameSize size, Span<float> output, int threads = 0) =>
        Forward(history, input, size, default(Activated<NoActivation>), output, threads);

    /// <summary>Convolves and finishes each number before it leaves the cache.</summary>
    /// <param name="history">Frames that came before the input, [frames, height, width, in]; empty for none.</param>
    /// <param name="input">x [frames, height, width, in].</param>
    /// <param name="size">Extents of the input.</param>
    /// <param name="epilogue">What happens to a sum, bias included: an activation, a residual, a gate.</param>
    /// <param name="output">y, of the extents that <see cref="OutputSize"/> tells; must overlap neither input nor history.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Forward<TEpilogue>(
        ReadOnlySpan<float> history, ReadOnlySpan<float> input, FrameSize size, TEpilogue epilogue, Span<float> output, int threads = 0)
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        long frame = (long)size.FramePositions * InputChannels;
        int frames = frame == 0 ? 0 : (int)(history.Length / frame);
        if (history.Length != frames * frame)
        {
            throw new ArgumentException($"{history.Length} numbers are no whole frames of {frame}.", nameof(history));
        }

        fixed (float* h = history)
        {
            float** pointers = stackalloc float*[frames + 1];
            for (int i = 0; i < frames; i++)
            {
                pointers[i] = h + (i * frame);
            }

            Forward(pointers, frames, input, size, epilogue, output, threads);
        }
    }

    /// <summary>Convolves and finishes each number, with frames of history that lie in memory of their own.</summary>
    /// <param name="history">Frames that came before the input, each [height, width, in], oldest first; empty for none.</param>
    /// <param name="input">x [frames, height, width, in].</param>
    /// <param name="size">Extents of the input.</param>
    /// <param name="epilogue">What happens to a sum, bias included: an activation, a residual, a gate.</param>
    /// <param name="output">y, of the extents that <see cref="OutputSize"/> tells; must overlap neither input nor history.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void ForwardAfter<TEpilogue>(
        ReadOnlySpan<ActivationBlock> history, ReadOnlySpan<float> input, FrameSize size, TEpilogue epilogue, Span<float> output,
        int threads = 0)
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        float** pointers = stackalloc float*[history.Length + 1];
        for (int i = 0; i < history.Length; i++)
        {
            if (history[i].Span.Length != (long)size.FramePositions * InputChannels)
            {
                throw new ArgumentException(
                    $"Frame {i} of the history has {history[i].Span.Length} numbers; wanted {(long)size.FramePositions * InputChannels}.",
                    nameof(history));
            }

            // Blocks lie in native memory, which does not move.
            pointers[i] = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(history[i].Span));
        }

        Forward(pointers, history.Length, input, size, epilogue, output, threads);
    }

    /// <summary>Convolves an image into every second position of every second line of a larger one.</summary>
    /// <param name="input">x [height, width, in].</param>
    /// <param name="size">Extents of the input.</param>
    /// <param name="epilogue">What happens to a sum.</param>
    /// <param name="output">The larger image, [2 height, 2 width, out].</param>
    /// <param name="line">0 or 1: the lines that are written.</param>
    /// <param name="column">0 or 1: the columns that are written.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    internal void ForwardInterleaved<TEpilogue>(
        ReadOnlySpan<float> input, FrameSize size, TEpilogue epilogue, Span<float> output, int line, int column, int threads)
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        fixed (float* x = input, y = output, b = _bias)
        {
            ConvolutionInput source = new() { Frames = x, Size = size, Channels = InputChannels };
            ProductOutput product = new()
            {
                Output = y + (((2L * line * size.Width) + column) * OutputChannels),
                Stride = 2 * OutputChannels,
                Bias = b,
            };
            OutputPitch pitch = new(2L * size.Width, 2L * size.FramePositions);
            Run<TEpilogue>(source, size, pitch, product, threads > 0 ? threads : Environment.ProcessorCount);
        }
    }

    private void Forward<TEpilogue>(
        float** history, int historyFrames, ReadOnlySpan<float> input, FrameSize size, TEpilogue epilogue, Span<float> output, int threads)
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        FrameSize target = OutputSize(historyFrames, size);
        if (input.Length != size.Positions * InputChannels || output.Length != target.Positions * OutputChannels)
        {
            throw new ArgumentException(
                $"{input.Length} and {output.Length} numbers do not fit a video of {size} with {InputChannels} channels and one of "
                    + $"{target} with {OutputChannels}.",
                nameof(input));
        }

        if (IsPointwise && input.Length > 0)
        {
            MatrixProduct.Multiply(input, (int)size.Positions, Weight, _bias, epilogue, output, threads);
            return;
        }

        if ((TEpilogue.HasResidual && epilogue.Residual.Length != output.Length)
            || (TEpilogue.HasGate && epilogue.Gate.Length != OutputChannels))
        {
            throw new ArgumentException(
                $"The epilogue has {epilogue.Residual.Length} residuals and {epilogue.Gate.Length} gates; wanted those of the output, "
                    + $"{output.Length} and {OutputChannels}.",
                nameof(epilogue));
        }

        fixed (float* x = input, y = output, b = _bias, gate = epilogue.Gate, residual = epilogue.Residual)
        {
            ConvolutionInput source = new()
            {
                History = history,
                HistoryFrames = historyFrames,
                Frames = x,
                Size = size,
                Channels = InputChannels,
            };
            ProductOutput product = new() { Output = y, Stride = OutputChannels, Bias = b, Gate = gate, Residual = residual };
            OutputPitch pitch = new(target.Width, target.FramePositions);
            Run<TEpilogue>(source, target, pitch, product, threads > 0 ? threads : Environment.ProcessorCount);
        }
    }

    private void Run<TEpilogue>(
        in ConvolutionInput input, FrameSize output, OutputPitch pitch, in ProductOutput target, int threads)
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        if (Isa512.IsSupported)
        {
            Run<Isa512, Vector512<float>, TEpilogue>(input, output, pitch, target, threads);
        }
        else if (Isa256.IsSupported)
        {
            Run<Isa256, Vector256<float>, TEpilogue>(input, output, pitch, target, threads);
        }
        else
        {
            Run<Isa128, Vector128<float>, TEpilogue>(input, output, pitch, target, threads);
        }
    }

    private void Run<TIsa, TVector, TEpilogue>(
        in ConvolutionInput input, FrameSize output, OutputPitch pitch, in ProductOutput target, int threads)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
        where TEpilogue : struct, IEpilogue, allows ref struct
    {
        PackedKernel kernel = Packed(new PanelLayout(OutputChannels, TIsa.Count, ProductTile<TIsa, TVector>.Vectors), threads);
        bool isSmall = output.Positions * kernel.Inner * OutputChannels < SmallestParallelWork;
        threads = isSmall ? 1 : threads;
        int wanted = threads == 1 ? 1 : 4 * threads;
        ConvolutionTile tiles = ConvolutionTile.For(this, output, (wanted + kernel.Layout.Panels - 1) / kernel.Layout.Panels);
        int groups = Math.Min(kernel.Layout.Panels, (wanted + tiles.Count - 1) / tiles.Count);
        int lead = Math.Max(Geometry.LeadingFrames, input.HistoryFrames);
        WorkSharing.Run(
            tiles.Count * groups,
            new ConvolutionJob<TIsa, TVector, TEpilogue>(
                input, Geometry, lead, tiles, kernel, StretchesOf(tiles.Window), output, pitch, OutputChannels, target, groups),
            threads);
    }

    // Images of one size follow each other, so the last stretches serve again.
    private KernelStretch[] StretchesOf(FrameSize window)
    {
        WindowStretches? last = _stretches;
        if (last is null || last.Window != window)
        {
            _stretches = last = new WindowStretches(window, KernelStretch.Of(this, window));
        }

        return last.Stretches;
    }

    private PackedKernel Packed(PanelLayout layout, int threads)
    {
        lock (_packing)
        {
            return _packed ??= new PackedKernel(
                Weight, KernelFrames * KernelHeight * KernelWidth, InputChannels, _isPaired, layout, threads);
        }
    }

    private sealed record WindowStretches(FrameSize Window, KernelStretch[] Stretches);
}
