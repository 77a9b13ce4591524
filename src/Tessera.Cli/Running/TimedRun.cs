using System.Diagnostics;
using Tessera.Attention;
using Tessera.Cli.Inputs;

namespace Tessera.Cli.Running;

/// <summary>Runs a compiled plan against the clock.</summary>
internal static class TimedRun
{
    /// <summary>Runs <paramref name="repeat"/> times and reports the fastest, whose stages belong to it.</summary>
    public static (TimeSpan Wall, AttentionStatistics Statistics) Fastest(
        IAttentionKernel kernel, HeadTensors tensors, float[] output, float[] logSumExp, int repeat, CancellationToken cancellationToken)
    {
        TimeSpan best = TimeSpan.MaxValue;
        AttentionStatistics statistics = default;
        for (int run = 0; run < repeat; run++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            AttentionStatistics current = kernel.Run(tensors.Inputs, tensors.Like(output), logSumExp, cancellationToken);
            TimeSpan wall = Stopwatch.GetElapsedTime(start);
            if (wall < best)
            {
                (best, statistics) = (wall, current);
            }
        }

        return (best, statistics);
    }
}
