using Tessera.Benchmarks.Timing;

namespace Tessera.Benchmarks.Gemm;

/// <summary>Times of one product of X [rows, inner] and W [columns, inner].</summary>
/// <param name="Rows">Rows of X.</param>
/// <param name="Inner">The inner dimension.</param>
/// <param name="Columns">Rows of W.</param>
/// <param name="Float32">Ours with binary32 weights.</param>
/// <param name="BFloat16">Ours with bfloat16 weights.</param>
/// <param name="Gelu">Ours with binary32 weights, a bias and GELU.</param>
/// <param name="Rounded">Ours with bfloat16 weights and activations rounded to bfloat16.</param>
/// <param name="Peer">OpenBLAS, or null where it is not installed.</param>
internal sealed record ProductRow(
    int Rows, int Inner, int Columns, RunTimes Float32, RunTimes BFloat16, RunTimes Gelu, RunTimes Rounded, RunTimes? Peer)
{
    public string Shape => $"{Rows} x {Inner} -> {Columns}";

    /// <summary>Speed of ours over that of OpenBLAS.</summary>
    public double OfPeer => Peer is { } peer ? peer.Median / Float32.Median : double.NaN;

    /// <summary>What bfloat16 weights cost over binary32 ones.</summary>
    public double CostOfBFloat16 => BFloat16.Median / Float32.Median;

    /// <summary>What bfloat16 products are faster than binary32 ones of the same weights.</summary>
    public double GainOfRounding => BFloat16.Median / Rounded.Median;

    /// <summary>GFLOP/s of a time.</summary>
    public double Rate(double seconds) => 2.0 * Rows * Inner * Columns / seconds / 1e9;
}
