using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tessera.Cli.Benchmarking;

/// <summary>
/// The float32 multiply-add peak of this machine: a loop of independent fused multiply-adds on registers, at the widest vectors the process may
/// use, on all threads at once. Twelve chains hide a latency of up to six cycles with two units.
/// </summary>
internal static class MultiplyAddPeak
{
    private const int Chains = 12;
    private const int Rounds = 5;
    private const long Iterations = 4_000_000;

    /// <summary>Best of a few rounds, in 1e9 operations a second; a multiply-add counts as two.</summary>
    public static double Measure(int threads, CancellationToken cancellationToken)
    {
        (Func<long, float> loop, int lanes) = Vector512.IsHardwareAccelerated ? ((Func<long, float>)Loop512, 16) : Vector256.IsHardwareAccelerated ? (Loop256, 8) : (Loop128, 4);
        double best = 0;
        // The first round also compiles.
        for (int round = 0; round <= Rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double seconds = RunOnAll(threads, loop);
            best = round == 0 ? 0 : Math.Max(best, 2.0 * lanes * Chains * Iterations * threads / seconds / 1e9);
        }

        return best;
    }

    private static double RunOnAll(int threads, Func<long, float> loop)
    {
        using Barrier start = new(threads + 1);
        float[] sink = new float[threads];
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(index => new Thread(() =>
        {
            start.SignalAndWait();
            sink[index] = loop(Iterations);
        }))];
        Array.ForEach(workers, static worker => worker.Start());
        start.SignalAndWait();
        long began = Stopwatch.GetTimestamp();
        Array.ForEach(workers, static worker => worker.Join());
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        GC.KeepAlive(sink);
        return seconds;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop512(long iterations)
    {
        Vector512<float> factor = Vector512.Create(0.999f);
        Vector512<float> a = factor, b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
        for (long n = 0; n < iterations; n++)
        {
            a = Vector512.FusedMultiplyAdd(a, factor, factor);
            b = Vector512.FusedMultiplyAdd(b, factor, factor);
            c = Vector512.FusedMultiplyAdd(c, factor, factor);
            d = Vector512.FusedMultiplyAdd(d, factor, factor);
            e = Vector512.FusedMultiplyAdd(e, factor, factor);
            f = Vector512.FusedMultiplyAdd(f, factor, factor);
            g = Vector512.FusedMultiplyAdd(g, factor, factor);
            h = Vector512.FusedMultiplyAdd(h, factor, factor);
            i = Vector512.FusedMultiplyAdd(i, factor, factor);
            j = Vector512.FusedMultiplyAdd(j, factor, factor);
            k = Vector512.FusedMultiplyAdd(k, factor, factor);
            l = Vector512.FusedMultiplyAdd(l, factor, factor);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop256(long iterations)
    {
        Vector256<float> factor = Vector256.Create(0.999f);
        Vector256<float> a = factor, b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
        for (long n = 0; n < iterations; n++)
        {
            a = Vector256.FusedMultiplyAdd(a, factor, factor);
            b = Vector256.FusedMultiplyAdd(b, factor, factor);
            c = Vector256.FusedMultiplyAdd(c, factor, factor);
            d = Vector256.FusedMultiplyAdd(d, factor, factor);
            e = Vector256.FusedMultiplyAdd(e, factor, factor);
            f = Vector256.FusedMultiplyAdd(f, factor, factor);
            g = Vector256.FusedMultiplyAdd(g, factor, factor);
            h = Vector256.FusedMultiplyAdd(h, factor, factor);
            i = Vector256.FusedMultiplyAdd(i, factor, factor);
            j = Vector256.FusedMultiplyAdd(j, factor, factor);
            k = Vector256.FusedMultiplyAdd(k, factor, factor);
            l = Vector256.FusedMultiplyAdd(l, factor, factor);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop128(long iterations)
    {
        Vector128<float> factor = Vector128.Create(0.999f);
        Vector128<float> a = factor, b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
        for (long n = 0; n < iterations; n++)
        {
            a = Vector128.MultiplyAddEstimate(a, factor, factor);
            b = Vector128.MultiplyAddEstimate(b, factor, factor);
            c = Vector128.MultiplyAddEstimate(c, factor, factor);
            d = Vector128.MultiplyAddEstimate(d, factor, factor);
            e = Vector128.MultiplyAddEstimate(e, factor, factor);
            f = Vector128.MultiplyAddEstimate(f, factor, factor);
            g = Vector128.MultiplyAddEstimate(g, factor, factor);
            h = Vector128.MultiplyAddEstimate(h, factor, factor);
            i = Vector128.MultiplyAddEstimate(i, factor, factor);
            j = Vector128.MultiplyAddEstimate(j, factor, factor);
            k = Vector128.MultiplyAddEstimate(k, factor, factor);
            l = Vector128.MultiplyAddEstimate(l, factor, factor);
        }

        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
