// A kernel in the shape of block-sparse attention on sm_90a, without the softmax: a test of the machine, not a step of any method.
//
//   o[q, c] = sum of code(q . k) v[k, c] over the keys k of the blocks that the tile of q lists
//
// One thread of the first warpgroup copies queries once and listed blocks of keys and values through a ring of stages; two warpgroups of 64
// queries each take turns. A turn issues the scores of the next block and the sums of this one, so that either's products run while the other
// makes codes of its scores. Sums of a block begin at zero and join the output by ordinary addition. Everything is a whole number, so the
// answer is exact, modulo 2^16, in every order of threads.
#include "hopper.cuh"

struct PipelineProbeParameters {
    u64 queries;    // tensor map of codes [heads, rows, channels], box channels x 64
    u64 keys;       // tensor map of codes [heads, keys, channels], box channels x channels
    u64 values;     // tensor map of codes [heads, channels, keys], box channels x channels; keys permuted within 16
    u64 output;     // tensor map of 16-bit words [heads, rows, channels], box 64 x 64
    u64 rowStart;   // s32 [heads * tiles + 1]
    u64 blocks;     // s32, blocks of as many keys as there are channels
    s32 tiles;      // of 128 rows; a block each, those of one head together
    s32 reserved;
};

constexpr int kPipelineThreads = 384;
constexpr u32 kTurn = 1;        // and 2: named barriers by which a consumer waits for its turn
constexpr u32 kTogether = 3;    // and 4: of one consumer's threads

struct Int8Pipeline {
    using Sum = s32;
    template <class A> TESSERA_MEMBER static void multiply(s32 (&d)[32], const A& a, u64 b, s32 accumulate) { wgmma_m64n64k32_s8(d, a, b, accumulate); }
    template <class A> TESSERA_MEMBER static void multiply(s32 (&d)[64], const A& a, u64 b, s32 accumulate) { wgmma_m64n128k32_s8(d, a, b, accumulate); }
    TESSERA_MEMBER static u32 code(s32 score) { return u32(minimum(maximum(score >> 7, -127), 127)); }
    TESSERA_MEMBER static u32 codes(s32 a, s32 b, s32 c, s32 d)
    {
        return permute_bytes(permute_bytes(code(a), code(b), 0x0040), permute_bytes(code(c), code(d), 0x0040), 0x5410);
    }
    TESSERA_MEMBER static u32 integer(s32 x) { return u32(x); }
};

struct E4M3Pipeline {
    using Sum = float;
    template <class A> TESSERA_MEMBER static void multiply(float (&d)[32], const A& a, u64 b, s32 accumulate) { wgmma_m64n64k32_e4m3(d, a, b, accumulate); }
    template <class A> TESSERA_MEMBER static void multiply(float (&d)[64], const A& a, u64 b, s32 accumulate) { wgmma_m64n128k32_e4m3(d, a, b, accumulate); }
    TESSERA_MEMBER static float code(float score) { return float(minimum(maximum(round_to_even(multiply_add(score, 0.125f, 0.0f)), -15), 15)); }
    TESSERA_MEMBER static u32 codes(float a, float b, float c, float d) { return pack_e4m3(code(a), code(b)) | pack_e4m3(code(c), code(d)) << 16; }
    TESSERA_MEMBER static u32 integer(float x) { return u32(round_to_even(x)); }
};

template <class Format_, int kChannels_, int kStages_>
struct Pipeline {
    using Format = Format_;
    using Sum = typename Format::Sum;
    static constexpr int kChannels = kChannels_, kStages = kStages_;
    static constexpr u32 kRow = kChannels;                      // bytes of every row of operands: channels, or as many keys
    static constexpr u32 kTile = kRow * kChannels;
    static constexpr u32 kQueries = 64 * 128;                   // of a consumer: its queries, and later 64 channels of its output
    static constexpr u32 kKeys = 2 * kQueries, kValues = kKeys + kStages * kTile, kBarriers = kValues + kStages * kTile;
    static constexpr int kShared = int(kBarriers) + 8 * (4 * kStages + 1);

    u32 shared = shared_base();
    u32 tile = 0, head = 0;
    s32 first = 0, count = 0;                                   // of the list

    TESSERA_MEMBER u32 keys(u32 i) const { return shared + kKeys + i % kStages * kTile; }
    TESSERA_MEMBER u32 values(u32 i) const { return shared + kValues + i % kStages * kTile; }
    TESSERA_MEMBER u32 keys_full(u32 i) const { return shared + kBarriers + 8 * (i % kStages); }
    TESSERA_MEMBER u32 keys_empty(u32 i) const { return keys_full(i) + 8 * kStages; }
    TESSERA_MEMBER u32 values_full(u32 i) const { return keys_full(i) + 16 * kStages; }
    TESSERA_MEMBER u32 values_empty(u32 i) const { return keys_full(i) + 24 * kStages; }
    TESSERA_MEMBER u32 queries_full() const { return shared + kBarriers + 32 * kStages; }
    TESSERA_MEMBER static u32 parity(u32 i) { return i / kStages & 1; }
};

// One thread copies; the first pass of a stage finds it empty.
template <class P>
TESSERA_INLINE void produce(const PipelineProbeParameters& p, const P& pipe)
{
    bulk_acquire_map(p.queries);
    bulk_acquire_map(p.keys);
    bulk_acquire_map(p.values);
    mbarrier_arrive_expecting(pipe.queries_full(), 2 * 64 * P::kRow);
    for (u32 half = 0; half < 2; ++half) bulk_load(pipe.shared + half * P::kQueries, p.queries, pipe.queries_full(), 0, s32(128 * pipe.tile + 64 * half), s32(pipe.head));
    for (s32 i = 0; i < pipe.count; ++i) {
        const s32 key = P::kChannels * load_s32(p.blocks + 4 * u64(pipe.first + i));
        mbarrier_wait(pipe.keys_empty(i), pipe.parity(i) ^ 1);
        mbarrier_arrive_expecting(pipe.keys_full(i), P::kTile);
        bulk_load(pipe.keys(i), p.keys, pipe.keys_full(i), 0, key, s32(pipe.head));
        mbarrier_wait(pipe.values_empty(i), pipe.parity(i) ^ 1);
        mbarrier_arrive_expecting(pipe.values_full(i), P::kTile);
        bulk_load(pipe.values(i), p.values, pipe.values_full(i), key, 0, s32(pipe.head));
    }
}

// scores = queries keys^T of block i, in a group of its own.
template <class P>
TESSERA_INLINE void start_scores(const P& pipe, u32 queries, u32 i, typename P::Sum (&scores)[P::kChannels / 2])
{
    TESSERA_UNROLL for (u32 k = 0; k < P::kRow / 32; ++k)
        P::Format::multiply(scores, wgmma_operand<P::kRow>(queries + 32 * k), wgmma_operand<P::kRow>(pipe.keys(i) + 32 * k), k != 0);
    wgmma_commit();
}

// The accumulators of two neighbouring score tiles are, as bytes, the first operand of the sums: keys of values are permuted to match.
template <class P>
TESSERA_INLINE void make_codes(const typename P::Sum (&scores)[P::kChannels / 2], u32 (&codes)[P::kChannels / 32][4])
{
    TESSERA_UNROLL for (u32 k = 0; k < P::kChannels / 32; ++k) {
        TESSERA_UNROLL for (u32 r = 0; r < 4; ++r) {
            const u32 e = 16 * k + 8 * (r / 2) + 2 * (r % 2);
            codes[k][r] = P::Format::codes(scores[e], scores[e + 1], scores[e + 4], scores[e + 5]);
        }
    }
}

template <class P>
TESSERA_INLINE void store_output(const PipelineProbeParameters& p, const P& pipe, u32 consumer, u32 staging, const typename P::Sum (&output)[P::kChannels / 2])
{
    const bool stores = thread_index() % 128 == 0;
    const u32 row = 16 * (warp_index() % 4) + lane_index() % 16;
    if (stores) bulk_acquire_map(p.output);
    TESSERA_UNROLL for (u32 half = 0; half < P::kChannels / 64; ++half) {
        if (half != 0) {
            if (stores) bulk_store_wait_read<0>(); // the first half
            named_barrier_wait(kTogether + consumer, 128);
        }

        TESSERA_UNROLL for (u32 i = 0; i < 4; ++i) {
            u32 r[4];
            TESSERA_UNROLL for (u32 m = 0; m < 4; ++m) {
                const u32 e = 32 * half + 8 * i + 2 * m;
                r[m] = permute_bytes(P::Format::integer(output[e]), P::Format::integer(output[e + 1]), 0x5410);
            }

            store_matrices(swizzled(staging + 128 * row + 32 * i + 16 * (lane_index() / 16)), r);
        }

        async_proxy_fence();
        named_barrier_wait(kTogether + consumer, 128); // output is there
        if (stores) {
            bulk_store(p.output, staging, s32(64 * half), s32(128 * pipe.tile + 64 * consumer), s32(pipe.head));
            bulk_store_commit();
        }
    }

    if (stores) bulk_store_wait_read<0>(); // the last half
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
    TESSERA_UNROLL for (u32 k = 0; k < kSteps; ++k) P::Format::multiply(sums, codes[k], wgmma_operand<P::kRow>(pipe.values(i) + 32 * k), k != 0);
    wgmma_commit();
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
    P pipe;
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

    const u64 list = p.rowStart + 4 * u64(block_x());
    pipe.tile = block_x() % u32(p.tiles);
    pipe.head = block_x() / u32(p.tiles);
    pipe.first = load_s32(list);
    pipe.count = load_s32(list + 4) - pipe.first;
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
