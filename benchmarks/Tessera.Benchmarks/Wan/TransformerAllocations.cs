using Tessera.Layout;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Initialization;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;

namespace Tessera.Benchmarks.Wan;

/// <summary>
/// Bytes that a forward pass of the transformer allocates on all threads in steady state, dense and with plans; a small model, for
/// allocations do not depend on sizes.
/// </summary>
internal static class TransformerAllocations
{
    /// <summary>How the names of these calls start in <c>allocations.json</c>.</summary>
    public const string Prefix = "wan ";

    private const int WarmUpCalls = 3;

    /// <summary>The runtime itself allocates now and then; a pass that allocates never has a quiet try.</summary>
    private const int Tries = 16;

    /// <summary>The calls with their bytes.</summary>
    /// <param name="folder">A folder for the model, which is written there.</param>
    /// <param name="threads">Threads.</param>
    public static IReadOnlyDictionary<string, long> Measure(string folder, int threads)
    {
        new RandomCheckpoint(WanModelSizes.Tiny, 1, WanParts.Transformer, TensorDataType.BFloat16).Write(folder);
        (Checkpoint weights, WanTransformerConfig config) = WanCheckpoint.Find(folder).OpenTransformer();
        using (weights)
        {
            using WanTransformer transformer = new(weights, config, new WanTransformerOptions { Threads = threads });
            using ForwardRun run = new(transformer, new TokenGrid(2, 8, 8), threads);
            using SelfAttentionSession dense = run.Dense();
            using SelfAttentionSession paro = run.Paro(Path.Combine(folder, "plans.safetensors"));
            return new Dictionary<string, long>
            {
                [$"{Prefix}forward dense"] = Measure(run, dense),
                [$"{Prefix}forward paro int8"] = Measure(run, paro),
            };
        }
    }

    private static long Measure(ForwardRun run, SelfAttentionSession session)
    {
        for (int call = 0; call < WarmUpCalls; call++)
        {
            _ = run.Forward(session);
        }

        long fewest = long.MaxValue;
        for (int call = 0; call < Tries && fewest > 0; call++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            _ = run.Forward(session);
            fewest = Math.Min(fewest, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return fewest;
    }
}
