using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu;

/// <summary>The binary32 multiply-add rate of this machine, measured: what kernel rates are a share of.</summary>
/// <param name="InstructionSet">Vector width.</param>
/// <param name="Threads">Threads of <paramref name="AllThreads"/>.</param>
/// <param name="SingleThread">GFLOP/s of one thread.</param>
/// <param name="AllThreads">GFLOP/s of all threads together.</param>
public readonly record struct CpuPeak(CpuInstructionSet InstructionSet, int Threads, double SingleThread, double AllThreads)
{
    private const int Accumulators = 12;
    private const int Steps = 1 << 20;

    /// <summary>Measures for about a third of a second: twelve independent multiply-adds in registers, the best of several runs.</summary>
    /// <exception cref="PlatformNotSupportedException">The options ask for an instruction set that this process lacks.</exception>
    public static CpuPeak Measure(CpuOptions? options = null)
    {
        options ??= CpuOptions.Default;
        int threads = options.EffectiveThreads;
        return new CpuPeak(options.EffectiveInstructionSet, threads, Best(options, 1), Best(options, threads));
    }

    private static double Best(CpuOptions options, int threads) => options.EffectiveInstructionSet switch
    {
        CpuInstructionSet.Vector512 => Best<Isa512, Vector512<float>>(threads),
        CpuInstructionSet.Vector256 => Best<Isa256, Vector256<float>>(threads),
        _ => Best<Isa128, Vector128<float>>(threads),
    };

    private static double Best<TIsa, TVector>(int threads)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        TileScheduler scheduler = TileScheduler.ForThreads(threads);
        float[] sums = new float[threads];
        int steps = Steps;
        double best = 0;
        for (int run = 0; run < 9; run++)
        {
            long start = Stopwatch.GetTimestamp();
            scheduler.Run(threads, new PeakJob<TIsa, TVector>(sums, steps), CancellationToken.None);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            best = Math.Max(best, 2.0 * Accumulators * TIsa.Count * steps * threads / seconds / 1e9);
            if (run == 0 && seconds > 0.1)
            {
                // Widths without hardware behind them are hundreds of times slower; a shorter loop says so as well.
                steps /= 256;
            }
        }

        return best;
    }

    private readonly struct PeakJob<TIsa, TVector>(float[] sums, int steps) : ITileJob
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        public void Execute(int item, int worker) => sums[item] = Loop(steps);

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private static float Loop(int steps)
        {
            TVector x = TIsa.Broadcast(0.999f);
            TVector y = TIsa.Broadcast(1e-3f);
            TVector a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
            for (int step = 0; step < steps; step++)
            {
                a = TIsa.MultiplyAdd(a, x, y);
                b = TIsa.MultiplyAdd(b, x, y);
                c = TIsa.MultiplyAdd(c, x, y);
                d = TIsa.MultiplyAdd(d, x, y);
                e = TIsa.MultiplyAdd(e, x, y);
                f = TIsa.MultiplyAdd(f, x, y);
                g = TIsa.MultiplyAdd(g, x, y);
                h = TIsa.MultiplyAdd(h, x, y);
                i = TIsa.MultiplyAdd(i, x, y);
                j = TIsa.MultiplyAdd(j, x, y);
                k = TIsa.MultiplyAdd(k, x, y);
                l = TIsa.MultiplyAdd(l, x, y);
            }

            TVector first = TIsa.Add(TIsa.Add(TIsa.Add(a, b), TIsa.Add(c, d)), TIsa.Add(TIsa.Add(e, f), TIsa.Add(g, h)));
            return TIsa.Sum(TIsa.Add(first, TIsa.Add(TIsa.Add(i, j), TIsa.Add(k, l))));
        }
    }
}
