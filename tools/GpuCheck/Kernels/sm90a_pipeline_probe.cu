// A kernel in the shape of K3 (pipeline.cuh). One thread of the first warpgroup copies queries once and listed blocks of keys and values through
// a ring of stages; two warpgroups of 64 queries each take turns. A turn issues the scores of the next block and the sums of this one, so that
// either's products run while the other makes codes of its scores. Sums of a block begin at zero and join the output by ordinary addition.
#include "pipeline.cuh"

constexpr int kPipelineThreads = 384;
constexpr u32 kTurn = 1;        // and 2: named barriers by which a consumer waits for its turn

// One thread copies; the first pass of a stage finds it empty.
template <class P>
TESSERA_INLINE void produce(const PipelineProbeParameters& p, const P& pipe)
{
    bulk_acquire_map(p.queries);
    bulk_acquire_map(p.keys);
    bulk_acquire_map(p.values);
    mbarrier_arrive_expecting(pipe.queries_full(), 2 * 64 * P::kRow);
    for (u32 half = 0; half < 2; ++half) bulk_load(pipe.shared + half * P::kQueries, p.queries, pipe.queries_full(), 0, s32(128 * pipe.tile + 64 * half), s32(pipe.head));
    for (u32 i = 0; i < u32(pipe.count); ++i) {
        mbarrier_wait(pipe.keys_empty(i), pipe.parity(i) ^ 1);
        copy_keys(p, pipe, i);
        mbarrier_wait(pipe.values_empty(i), pipe.parity(i) ^ 1);
        copy_values(p, pipe, i);
    }
}

// One turn: scores of block i + 1, if there is one, under the sums of block i. Whether there is one is known when this is compiled, since
// accumulators in flight must not meet in a branch.
template <bool kMore, class P, class Sum, int kCount, int kSteps>
TESSERA_INLINE void take_turn(const P& pipe, u32 consumer, u32 queries, u32 i, Sum (&scores)[kCount], Sum (&sums)[kCount], Sum (&output)[kCount], u32 (&codes)[kSteps][4])
{
    named_barrier_wait(kTurn + consumer, 256);
    if constexpr (kMore) mbarrier_wait(pipe.keys_full(i + 1), pipe.parity(i + 1)); // keys
    mbarrier_wait(pipe.values_full(i), pipe.parity(i)); // values
    wgmma_fence(); // scores, sums, codes
    if constexpr (kMore) start_scores(pipe, queries, i + 1, scores);
    start_sums(pipe, i, codes, sums);
    if (kMore || consumer == 0) named_barrier_arrive(kTurn + (consumer ^ 1), 256); // the other's turn
    if constexpr (kMore) {
        wgmma_wait<1>();
        wgmma_accumulators(scores);
        if (lane_index() == 0) mbarrier_arrive(pipe.keys_empty(i + 1));
    }

    wgmma_wait<0>(); // sums
    wgmma_accumulators(sums);
    if (lane_index() == 0) mbarrier_arrive(pipe.values_empty(i));
    TESSERA_UNROLL for (u32 e = 0; e < kCount; ++e) output[e] += sums[e];
    if constexpr (kMore) make_codes<P>(scores, codes);
}

template <class P>
TESSERA_INLINE void consume(const PipelineProbeParameters& p, const P& pipe, u32 consumer)
{
    const u32 queries = pipe.shared + consumer * P::kQueries;
    typename P::Sum scores[P::kChannels / 2] = {}, sums[P::kChannels / 2] = {}, output[P::kChannels / 2] = {};
    u32 codes[P::kChannels / 32][4];
    mbarrier_wait(pipe.queries_full(), 0);
    if (consumer == 1) named_barrier_arrive(kTurn, 256); // the first turn is consumer 0's
    if (pipe.count > 0) {
        mbarrier_wait(pipe.keys_full(0), 0); // first keys
        wgmma_fence();
        start_scores(pipe, queries, 0, scores);
        wgmma_wait<0>();
        wgmma_accumulators(scores);
        if (lane_index() == 0) mbarrier_arrive(pipe.keys_empty(0));
        make_codes<P>(scores, codes);
        const u32 last = u32(pipe.count) - 1;
        for (u32 i = 0; i < last; ++i) take_turn<true>(pipe, consumer, queries, i, scores, sums, output, codes);
        take_turn<false>(pipe, consumer, queries, last, scores, sums, output, codes);
    }

    store_output(p, pipe, consumer, queries, output);
}

template <class P>
TESSERA_INLINE void run_pipeline(const PipelineProbeParameters& p)
{
    const P pipe(p, block_x());
    if (thread_index() == 0) {
        for (u32 stage = 0; stage < P::kStages; ++stage) {
            mbarrier_initialise(pipe.keys_full(stage), 1);
            mbarrier_initialise(pipe.values_full(stage), 1);
            mbarrier_initialise(pipe.keys_empty(stage), 8); // warps of the consumers
            mbarrier_initialise(pipe.values_empty(stage), 8);
        }

        mbarrier_initialise(pipe.queries_full(), 1);
        mbarrier_initialise_fence();
    }

    block_barrier();
    if (warp_index() < 4) {
        give_registers<24>();
        if (warp_index() == 0 && elect_one()) produce(p, pipe);
    } else {
        take_registers<240>();
        consume(p, pipe, warp_index() / 4 - 1);
    }
}

#define TESSERA_PIPELINE(name, format, channels, stages)                                                                           \
    using PipelineOf_##name = Pipeline<format, channels, stages>;                                                                  \
    TESSERA_KERNEL(name, PipelineProbeParameters, kPipelineThreads, 1, PipelineOf_##name::kShared) { run_pipeline<PipelineOf_##name>(parameters); }

TESSERA_PIPELINE(probe_pipeline_int8_d64, Int8Pipeline, 64, 3)
TESSERA_PIPELINE(probe_pipeline_int8_d128, Int8Pipeline, 128, 2)
TESSERA_PIPELINE(probe_pipeline_e4m3_d128, E4M3Pipeline, 128, 2)
