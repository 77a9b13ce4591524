using Tessera.Benchmarks.Timing;
using Tessera.Neural.Convolutions;

namespace Tessera.Benchmarks.Gemm;

/// <summary>Times of one convolution.</summary>
/// <param name="Name">Where it stands.</param>
/// <param name="Size">Extents of input and output.</param>
/// <param name="Inputs">Channels in.</param>
/// <param name="Outputs">Channels out.</param>
/// <param name="Taps">Taps of the kernel.</param>
/// <param name="Times">Ours.</param>
internal sealed record ConvolutionRow(string Name, FrameSize Size, int Inputs, int Outputs, int Taps, RunTimes Times)
{
    /// <summary>GFLOP/s, zeros of the border counted as everybody counts them.</summary>
    public double Rate => 2.0 * Size.Positions * Inputs * Outputs * Taps / Times.Median / 1e9;
}
