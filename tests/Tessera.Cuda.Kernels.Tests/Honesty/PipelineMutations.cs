namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>Faults of kernels for sm_90a: rings of stages, turns, fences between the proxies, bulk stores.</summary>
internal static class PipelineMutations
{
    private const string Pipeline = "sm90a_pipeline_probe.cu";
    private const string Store = "sm90a_bulk_store_probe.cu";
    private const string Unordered = "nobody wrote|race";

    public static IReadOnlyList<Mutation> All { get; } =
    [
        OfPipeline("output leaves without a fence", "        async_proxy_fence();\n", "", "not fenced .* without a fence.proxy.async"),
        OfPipeline("output is fenced behind the barrier",
            "async_proxy_fence();\n        named_barrier_wait(kTogether + consumer, 128); // output is there",
            "named_barrier_wait(kTogether + consumer, 128);\n        async_proxy_fence();",
            "not fenced for the asynchronous proxy"),
        OfPipeline("output leaves before all warps wrote it", "named_barrier_wait(kTogether + consumer, 128); // output is there", "",
            "nobody wrote|race|not fenced"),
        OfPipeline("a second half is written over the first before it was read", "if (stores) bulk_store_wait_read<0>(); // the first half", "",
            "race"),
        OfPipeline("only one thread knows that the first half was read",
            "// the first half\n            named_barrier_wait(kTogether + consumer, 128);", "",
            "race"),
        OfPipeline("bulk stores are never committed", "            bulk_store_commit();\n", "", "never committed|race"),
        OfPipeline("the block ends before its output was read", "    if (stores) bulk_store_wait_read<0>(); // the last half\n", "",
            "ends before a bulk store has read"),
        OfPipeline("another thread waits than the one that stores", "if (stores) bulk_store_wait_read<0>(); // the last half",
            "if (thread_index() % 128 == 32) bulk_store_wait_read<0>();",
            "ends before a bulk store has read"),
        OfPipeline("output is not swizzled", "swizzled(staging + 128 * row + 32 * i + 16 * (lane_index() / 16))",
            "staging + 128 * row + 32 * i + 16 * (lane_index() / 16)"),
        OfPipeline("nobody has the first turn", "if (consumer == 1) named_barrier_arrive(kTurn, 256);", "", "deadlock"),
        OfPipeline("a consumer gives itself the turn", "named_barrier_arrive(kTurn + (consumer ^ 1), 256);",
            "named_barrier_arrive(kTurn + consumer, 256);",
            "deadlock"),
        OfPipeline("keys are released before scores are there",
            "        wgmma_wait<0>();\n        wgmma_accumulators(scores);\n        if (lane_index() == 0) mbarrier_arrive(pipe.keys_empty(0));",
            "        if (lane_index() == 0) mbarrier_arrive(pipe.keys_empty(0));\n        wgmma_wait<0>();\n        wgmma_accumulators(scores);",
            "race"),
        OfPipeline("values are released before sums are there",
            "    wgmma_wait<0>(); // sums\n    wgmma_accumulators(sums);\n    if (lane_index() == 0) mbarrier_arrive(pipe.values_empty(i));",
            "    if (lane_index() == 0) mbarrier_arrive(pipe.values_empty(i));\n    wgmma_wait<0>();\n    wgmma_accumulators(sums);",
            "race"),
        OfPipeline("sums are read before they are there", "wgmma_wait<0>(); // sums", "wgmma_wait<1>();"),
        OfPipeline("consumers take more registers than there are", "take_registers<240>();", "take_registers<248>();", "deadlock.*setmaxnreg"),
        OfPipeline("a warp leaves its warpgroup", "if constexpr (kMore) start_scores(pipe, queries, i + 1, scores);",
            "if (kMore && warp_index() != 5) start_scores(pipe, queries, i + 1, scores);",
            "warpgroup"),
        OfPipeline("nobody waits for queries to come", "mbarrier_wait(pipe.queries_full(), 0);", "", Unordered),
        OfPipeline("nobody waits for the first keys", "mbarrier_wait(pipe.keys_full(0), 0); // first keys", "", Unordered),
        OfPipeline("nobody waits for further keys", "if constexpr (kMore) mbarrier_wait(pipe.keys_full(i + 1), pipe.parity(i + 1)); // keys", "",
            Unordered),
        OfPipeline("nobody waits for values to come", "mbarrier_wait(pipe.values_full(i), pipe.parity(i)); // values", "", Unordered),
        OfPipeline("the parity of full values is wrong", "pipe.parity(i)); // values", "pipe.parity(i) ^ 1); // values",
            Unordered + "|deadlock"),
        OfPipeline("the parity of empty keys is wrong", "mbarrier_wait(pipe.keys_empty(i), pipe.parity(i) ^ 1);",
            "mbarrier_wait(pipe.keys_empty(i), pipe.parity(i));",
            "deadlock"),
        OfPipeline("the producer does not wait for empty values", "mbarrier_wait(pipe.values_empty(i), pipe.parity(i) ^ 1);", "",
            "race|more arrivals|deadlock"),
        OfPipeline("registers of products are not fenced", "wgmma_fence(); // scores, sums, codes", "", "no wgmma.fence"),
        OfPipeline("codes are packed in the order of columns", "scores[e + 4], scores[e + 5]", "scores[e + 2], scores[e + 3]"),
        OfPipeline("values are read with rows of 128 bytes", "wgmma_operand<P::kRow>(pipe.values(i) + 32 * k)",
            "wgmma_operand(pipe.values(i) + 32 * k)"),
        OfPipeline("a tensor map is not acquired", "    bulk_acquire_map(p.values);\n", "", "was not acquired"),
        OfPipeline("barriers are not fenced for the copies", "        mbarrier_initialise_fence();\n", "", "initialisation of the mbarrier"),
        new("sums of all blocks stay in the tensor cores", Pipeline,
            "P::Format::multiply(sums, codes[k], wgmma_operand<P::kRow>(pipe.values(i) + 32 * k), k != 0);",
            "P::Format::multiply(output, codes[k], wgmma_operand<P::kRow>(pipe.values(i) + 32 * k), 1);",
            KernelSuites.PipelineUnits, KernelSuites.NarrowPipeline, null),
        new("matrices leave without a fence", Store, "    async_proxy_fence();\n", "", KernelSuites.StoreUnits, KernelSuites.Store, "not fenced"),
        new("the barrier of a copy is not fenced", Store, "    mbarrier_initialise_fence();\n", "", KernelSuites.StoreUnits, KernelSuites.Store,
            "initialisation of the mbarrier"),
        new("the warp does not meet before one lane stores", Store, "    warp_barrier();\n", "", KernelSuites.StoreUnits, KernelSuites.Store,
            "no barrier of the warp"),
        new("nobody waits for the box", Store, "    mbarrier_wait(barrier, 0);\n", "", KernelSuites.StoreUnits, KernelSuites.Store, Unordered),
        new("matrices are not transposed", Store, "store_matrices_transposed(row, r);", "store_matrices(row, r);", KernelSuites.StoreUnits,
            KernelSuites.Store, null),
    ];

    private static Mutation OfPipeline(string name, string text, string replacement, string? symptom = null) =>
        new(name, Pipeline, text, replacement, KernelSuites.PipelineUnits, KernelSuites.Pipeline, symptom);
}
