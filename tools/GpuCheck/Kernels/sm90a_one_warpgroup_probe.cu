// A kernel in the shape of K2 (pipeline.cuh): one warpgroup of 64 queries without roles, one buffer of keys and one of values. The next keys come
// while codes are made, the next values while the next scores are; blocks that share a multiprocessor fill each other's gaps.
#include "pipeline.cuh"

// Two blocks of threads a tile, one for each 64 of its rows.
template <class P>
TESSERA_INLINE void run_alone(const PipelineProbeParameters& p)
{
    static_assert(P::kStages == 1, "one buffer each");
    const P pipe(p, block_x() / 2);
    const u32 half = block_x() % 2;
    const u32 count = u32(pipe.count);
    const bool copies = thread_index() == 0;
    if (copies) {
        bulk_acquire_map(p.queries);
        bulk_acquire_map(p.keys);
        bulk_acquire_map(p.values);
        mbarrier_initialise(pipe.queries_full(), 1);
        mbarrier_initialise(pipe.keys_full(0), 1);
        mbarrier_initialise(pipe.values_full(0), 1);
        mbarrier_initialise_fence();
        mbarrier_arrive_expecting(pipe.queries_full(), 64 * P::kRow);
        bulk_load(pipe.shared, p.queries, pipe.queries_full(), 0, s32(128 * pipe.tile + 64 * half), s32(pipe.head));
        if (count > 0) {
            copy_keys(p, pipe, 0);
            copy_values(p, pipe, 0);
        }
    }

    block_barrier();
    typename P::Sum scores[P::kChannels / 2] = {}, sums[P::kChannels / 2] = {}, output[P::kChannels / 2] = {};
    u32 codes[P::kChannels / 32][4];
    mbarrier_wait(pipe.queries_full(), 0);
    for (u32 i = 0; i < count; ++i) {
        mbarrier_wait(pipe.keys_full(0), pipe.parity(i));
        wgmma_fence();
        start_scores(pipe, pipe.shared, i, scores);
        wgmma_wait<0>();
        wgmma_accumulators(scores);
        block_barrier(); // all have read the keys
        if (copies && i + 1 < count) copy_keys(p, pipe, i + 1);
        make_codes<P>(scores, codes);
        mbarrier_wait(pipe.values_full(0), pipe.parity(i));
        wgmma_fence();
        start_sums(pipe, i, codes, sums);
        wgmma_wait<0>();
        wgmma_accumulators(sums);
        block_barrier(); // all have read the values
        if (copies && i + 1 < count) copy_values(p, pipe, i + 1);
        TESSERA_UNROLL for (u32 e = 0; e < P::kChannels / 2; ++e) output[e] += sums[e];
    }

    store_output(p, pipe, half, pipe.shared, output);
}

#define TESSERA_ONE_WARPGROUP(name, format, channels)                                                                              \
    using WarpgroupOf_##name = Pipeline<format, channels, 1>;                                                                      \
    TESSERA_KERNEL(name, PipelineProbeParameters, 128, 2, WarpgroupOf_##name::kShared) { run_alone<WarpgroupOf_##name>(parameters); }

TESSERA_ONE_WARPGROUP(probe_one_warpgroup_e4m3_d64, E4M3Pipeline, 64)
TESSERA_ONE_WARPGROUP(probe_one_warpgroup_int8_d128, Int8Pipeline, 128)
