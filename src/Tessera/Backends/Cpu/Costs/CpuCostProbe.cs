using System.Diagnostics;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>
/// Finds the constants of one recipe on this machine: two dozen small plans, chosen so that each term of the model is large in some and
/// small in others, run through the real backend, and what <see cref="CostFit"/> makes of their times.
/// </summary>
internal static class CpuCostProbe
{
    private const int FewestPasses = 4;
    private const int MostPasses = 10;
    private const double Agreement = 1.03;
    private const int Rounds = 3;

    /// <summary>Measures for about a second.</summary>
    /// <param name="recipe">Number formats.</param>
    /// <param name="options">The machine.</param>
    /// <param name="wake">From <see cref="MeasureWake"/>.</param>
    /// <param name="inspect">Sees each run with the constants that were found.</param>
    public static KernelCosts Measure(
        QuantizationRecipe recipe, CpuOptions options, double wake, Action<ProbeRun, KernelCosts>? inspect = null)
    {
        List<ProbeRun> runs = [];
        try
        {
            AttentionPlan[] plans = [.. Plans(recipe)];
            float[] inputs = Numbers(plans.Max(static plan => ProbeRun.InputFloats(plan.Shape)));
            float[] output = new float[plans.Max(static plan => ProbeRun.OutputFloats(plan.Shape))];
            foreach (AttentionPlan plan in plans)
            {
                runs.Add(new ProbeRun(plan, options, inputs, output));
            }

            WarmUp(runs);
            runs.ForEach(static run => run.Forget());
            RunPasses(runs);
            KernelCosts costs = CostFit.Of(runs, wake);
            runs.ForEach(run => inspect?.Invoke(run, costs));
            return costs;
        }
        finally
        {
            runs.ForEach(static run => run.Dispose());
        }
    }

    /// <summary>Wall seconds until threads that sleep have started: those of a pass without work.</summary>
    public static double MeasureWake(CpuOptions options)
    {
        TileScheduler scheduler = TileScheduler.ForThreads(options.EffectiveThreads);
        double[] seconds = new double[65];
        for (int i = 0; i < seconds.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            scheduler.Run(scheduler.Threads, default(EmptyJob), CancellationToken.None);
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        return seconds[seconds.Length / 4];
    }

    /// <summary>Some grid of that many tokens, for recipes whose scales are per 3D tile.</summary>
    public static TokenGrid GridOf(int tokens)
    {
        int side = tokens % 256 == 0 ? 16 : 1;
        return new TokenGrid(tokens / (side * side), side, side);
    }

    // Methods around the kernels are compiled up to three times, each time in the background after a pause of 100 ms.
    private static void WarmUp(List<ProbeRun> runs)
    {
        for (int compilation = 0; compilation < 2; compilation++)
        {
            runs.ForEach(static run => run.RunGroup(1));
            Thread.Sleep(130);
        }

        runs[0].RunGroup(1);
    }

    // A plan runs several times in a row, as it does where its time matters, and its quietest group of runs counts. Passes over all plans
    // are repeated until the two fastest agree: then nothing else was busy during them.
    private static void RunPasses(List<ProbeRun> runs)
    {
        List<double> seconds = [];
        do
        {
            long start = Stopwatch.GetTimestamp();
            runs.ForEach(static run => run.RunGroup(Rounds));
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            seconds.Sort();
        }
        while (seconds.Count < FewestPasses || (seconds[1] > seconds[0] * Agreement && seconds.Count < MostPasses));
    }

    /// <summary>The plans that are run. Sizes: a few milliseconds each on two cores.</summary>
    private static IEnumerable<AttentionPlan> Plans(QuantizationRecipe recipe)
    {
        AttentionPlan Plan(int length, int dim, int queryBlock, int keyBlock, double density, int heads = 1)
        {
            BlockSize size = new(queryBlock, keyBlock);
            return new AttentionPlan
            {
                Name = $"probe-{length}-{dim}-{size}-d{density:0.00}",
                Shape = new AttentionShape(1, heads, length, length, dim),
                Mask = ScatteredMask.Of(length, length, size, density),
                Grid = GridOf(length),
                Recipe = recipe,
            };
        }

        yield return Plan(2048, 128, 64, 64, 1);
        yield return Plan(2048, 64, 64, 64, 1);
        yield return Plan(2048, 128, 64, 64, 0.25, heads: 2);
        yield return Plan(2048, 64, 64, 64, 0.25, heads: 2);
        yield return Plan(2048, 64, 32, 32, 0.25, heads: 2);
        yield return Plan(2048, 128, 32, 32, 0.125, heads: 2);
        yield return Plan(2048, 128, 128, 128, 0.25, heads: 2);
        yield return Plan(2048, 64, 32, 128, 0.25, heads: 2);
        yield return Plan(2048, 64, 128, 32, 0.25, heads: 2);
        yield return Plan(8192, 64, 64, 64, 0);
        yield return Plan(8192, 128, 64, 64, 0);
        yield return Plan(8192, 128, 32, 32, 0);
        yield return Plan(4096, 64, 128, 128, 0);
        yield return Plan(2048, 80, 64, 64, 0.25, heads: 2);
        yield return Plan(4096, 128, 64, 64, 0.05, heads: 4);
        yield return Plan(6144, 128, 32, 64, 0.1);
        yield return Plan(16384, 128, 64, 64, 0.04);
        yield return Plan(4096, 128, 32, 64, 0.1, heads: 6) with { Mask = Uneven(4096, 6) };
        yield return Plan(1024, 64, 64, 64, 0, heads: 2);
        yield return Plan(1024, 64, 64, 64, 0.5, heads: 2) with { Normalization = SoftmaxNormalization.WholeRow };
        yield return Plan(1024, 128, 64, 64, 0.5, heads: 2) with { Normalization = SoftmaxNormalization.WholeRow };
        yield return Plan(1024, 64, 64, 64, 0.5, heads: 2) with { ProbabilitySkipThreshold = 1e6 };
        yield return Plan(8192, 128, 64, 64, 0.05) with { Orders = [Transposed(8192)] };
        yield return Plan(32768, 128, 64, 64, 0.002) with { Orders = [Transposed(32768)] };
        yield return Plan(2048, 128, 64, 64, 0.1) with { Orders = [Transposed(2048)] };
        yield return Plan(24576, 128, 32, 64, 0.02);
        yield return Plan(32768, 128, 64, 64, 0.004);
        if (recipe.SmoothQuery)
        {
            yield return Plan(16384, 128, 64, 64, 0.03) with { Orders = [Transposed(16384)] };
        }
    }

    /// <summary>Rows of unequal work: heads alternate in the hand-out order, so the operands of all of them are live at once.</summary>
    private static BlockMask Uneven(int length, int heads)
    {
        BlockMaskBuilder builder = new(heads, length, length, new BlockSize(32, 64));
        Random random = new(3);
        for (int head = 0; head < heads; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                for (int kept = random.Next(1, 9); kept > 0; kept--)
                {
                    builder.Keep(head, row, random.Next(builder.KeyBlocks));
                }
            }
        }

        return builder.Build();
    }

    /// <summary>A transposed order: neighbours in storage stand far apart in natural order, as after PARO's orders.</summary>
    private static TokenOrder Transposed(int tokens)
    {
        const int Columns = 32;
        int[] order = new int[tokens];
        for (int slot = 0; slot < tokens; slot++)
        {
            order[slot] = ((slot % (tokens / Columns)) * Columns) + (slot / (tokens / Columns));
        }

        return new TokenOrder(order, "transposed");
    }

    private static float[] Numbers(long count)
    {
        // A period is enough: what matters is that maxima move as on noise, and that no two rows of a tile are equal.
        Random random = new(1);
        float[] period = new float[65_521];
        for (int i = 0; i < period.Length; i++)
        {
            period[i] = (float)((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2);
        }

        float[] numbers = new float[count];
        for (long i = 0; i < count; i += period.Length)
        {
            period.AsSpan(0, (int)Math.Min(period.Length, count - i)).CopyTo(numbers.AsSpan((int)i));
        }

        return numbers;
    }

    private readonly struct EmptyJob : ITileJob
    {
        public void Execute(int item, int worker)
        {
        }
    }
}
