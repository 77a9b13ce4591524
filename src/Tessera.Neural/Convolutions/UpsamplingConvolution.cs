using Tessera.Neural.Products;
using Tessera.Serialization;

namespace Tessera.Neural.Convolutions;

/// <summary>
/// Nearest upsampling of an image by two along both sides, followed by a 3x3 convolution that keeps the size, without ever forming the
/// larger image. Immutable.
/// </summary>
/// <remarks>
/// Two of the three rows that a 3x3 kernel sees in the upsampled image are the same row: an even output row sees rows i - 1, i, i and an
/// odd one i, i, i + 1, and so do columns. So each of the four outputs of a position is a 2x2 convolution whose taps are sums of those
/// of the 3x3 one: 16 instead of 36 taps a position. Sums are formed in binary64 and rounded once, so results differ from those of the
/// two steps by roundings only. Backward, for training to add: the gradients of the four convolutions; each tap of W collects those of
/// all sums that it is part of.
/// </remarks>
public sealed class UpsamplingConvolution
{
    /// <summary>Taps of the 3x3 kernel: multiply-adds of an output and an input channel as the layer is written down.</summary>
    public const int Taps = Side * Side;

    /// <summary>Taps of the 2x2 kernels: the multiply-adds that are executed.</summary>
    public const int ExecutedTaps = PhaseSide * PhaseSide;

    private const int Side = 3;
    private const int PhaseSide = 2;

    // Which tap of the smaller kernel each tap of the larger one falls on, for even and odd outputs.
    private static readonly int[][] Places = [[0, 1, 1], [0, 0, 1]];

    private readonly Convolution[] _phases;

    /// <summary>Makes a layer.</summary>
    /// <param name="weight">W [out, in, 3, 3].</param>
    /// <param name="bias">b [out], or null for none.</param>
    /// <exception cref="ArgumentException">The weight has another shape or the bias another length.</exception>
    public UpsamplingConvolution(StoredTensor weight, StoredTensor? bias)
    {
        ArgumentNullException.ThrowIfNull(weight);
        if (weight.Shape is not [_, _, Side, Side])
        {
            throw new ArgumentException($"The weight {weight} is no 3x3 kernel; wanted [out, in, 3, 3].", nameof(weight));
        }

        (OutputChannels, InputChannels) = (checked((int)weight.Shape[0]), checked((int)weight.Shape[1]));
        float[] kernel = weight.ReadSingle();
        _phases = new Convolution[PhaseSide * PhaseSide];
        for (int phase = 0; phase < _phases.Length; phase++)
        {
            (int line, int column) = Math.DivRem(phase, PhaseSide);
            ConvolutionGeometry geometry = new() { Top = 1 - line, Bottom = line, Left = 1 - column, Right = column };
            _phases[phase] = new Convolution(
                StoredTensor.FromValues<float>(
                    weight.Name, [OutputChannels, InputChannels, PhaseSide, PhaseSide], Fold(kernel, Places[line], Places[column])),
                bias, geometry);
        }
    }

    /// <summary>Channels of the input.</summary>
    public int InputChannels { get; }

    /// <summary>Channels of the output.</summary>
    public int OutputChannels { get; }

    /// <summary>Upsamples and convolves.</summary>
    /// <typeparam name="TActivation">Function that is applied to the sums.</typeparam>
    /// <param name="input">x [height, width, in].</param>
    /// <param name="height">Rows of x.</param>
    /// <param name="width">Columns of x.</param>
    /// <param name="output">y [2 height, 2 width, out]; must not overlap x.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Forward<TActivation>(ReadOnlySpan<float> input, int height, int width, Span<float> output, int threads = 0)
        where TActivation : struct, IActivation
    {
        long positions = (long)height * width;
        if (height < 1 || width < 1 || input.Length != positions * InputChannels || output.Length != 4 * positions * OutputChannels)
        {
            throw new ArgumentException(
                $"{input.Length} and {output.Length} numbers do not fit an image of {height} x {width} with {InputChannels} channels and "
                    + $"its double with {OutputChannels}.",
                nameof(output));
        }

        for (int phase = 0; phase < _phases.Length; phase++)
        {
            (int line, int column) = Math.DivRem(phase, PhaseSide);
            _phases[phase].ForwardInterleaved(
                input, new FrameSize(1, height, width), default(Activated<TActivation>), output, line, column, threads);
        }
    }

    private static float[] Fold(float[] kernel, int[] lines, int[] columns)
    {
        float[] folded = new float[kernel.Length / Taps * PhaseSide * PhaseSide];
        double[] sums = new double[PhaseSide * PhaseSide];
        for (int plane = 0; plane < kernel.Length / Taps; plane++)
        {
            Array.Clear(sums);
            for (int tap = 0; tap < Taps; tap++)
            {
                sums[(lines[tap / Side] * PhaseSide) + columns[tap % Side]] += kernel[(plane * Taps) + tap];
            }

            for (int tap = 0; tap < sums.Length; tap++)
            {
                folded[(plane * sums.Length) + tap] = (float)sums[tap];
            }
        }

        return folded;
    }
}
