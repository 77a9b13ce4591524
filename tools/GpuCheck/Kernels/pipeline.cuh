// What the probes in the shape of block-sparse attention share: parameters, number formats, shared memory, products, epilogue.
//
//   o[q, c] = sum of code(q . k) v[k, c] over the keys k of the blocks that the tile of q lists
//
// There is no softmax: everything is a whole number, and the answer exact, modulo 2^16, in every order of threads. A test of the machine, not a
// step of any method.
#ifndef TESSERA_PIPELINE_CUH
#define TESSERA_PIPELINE_CUH
#include "hopper.cuh"

struct PipelineProbeParameters {
    u64 queries;    // tensor map of codes [heads, rows, channels], box channels x 64
    u64 keys;       // tensor map of codes [heads, keys, channels], box channels x channels
    u64 values;     // tensor map of codes [heads, channels, keys], box channels x channels; keys permuted within 16
    u64 output;     // tensor map of 16-bit words [heads, rows, channels], box 64 x 64
    u64 rowStart;   // s32 [heads * tiles + 1]
    u64 blocks;     // s32, blocks of as many keys as there are channels
    s32 tiles;      // of 128 rows
    s32 reserved;
};

constexpr u32 kTogether = 3;    // and 4: named barriers of 64 queries' threads

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
    u32 tile, head;
    s32 first, count;                                           // of the list

    // The tile is that of a number below heads * tiles.
    TESSERA_MEMBER Pipeline(const PipelineProbeParameters& p, u32 number)
        : tile(number % u32(p.tiles)), head(number / u32(p.tiles)), first(load_s32(p.rowStart + 4 * u64(number))),
          count(load_s32(p.rowStart + 4 * u64(number) + 4) - first)
    {
    }

    TESSERA_MEMBER u32 keys(u32 i) const { return shared + kKeys + i % kStages * kTile; }
    TESSERA_MEMBER u32 values(u32 i) const { return shared + kValues + i % kStages * kTile; }
    TESSERA_MEMBER u32 keys_full(u32 i) const { return shared + kBarriers + 8 * (i % kStages); }
    TESSERA_MEMBER u32 keys_empty(u32 i) const { return keys_full(i) + 8 * kStages; }
    TESSERA_MEMBER u32 values_full(u32 i) const { return keys_full(i) + 16 * kStages; }
    TESSERA_MEMBER u32 values_empty(u32 i) const { return keys_full(i) + 24 * kStages; }
    TESSERA_MEMBER u32 queries_full() const { return shared + kBarriers + 32 * kStages; }
    TESSERA_MEMBER s32 first_key(const PipelineProbeParameters& p, u32 i) const { return kChannels * load_s32(p.blocks + 4 * u64(u32(first) + i)); }
    TESSERA_MEMBER static u32 parity(u32 i) { return i / kStages & 1; }
};

// Keys and values of the list's block i. The caller knows that their buffers are free.
template <class P>
TESSERA_INLINE void copy_keys(const PipelineProbeParameters& p, const P& pipe, u32 i)
{
    mbarrier_arrive_expecting(pipe.keys_full(i), P::kTile);
    bulk_load(pipe.keys(i), p.keys, pipe.keys_full(i), 0, pipe.first_key(p, i), s32(pipe.head));
}

template <class P>
TESSERA_INLINE void copy_values(const PipelineProbeParameters& p, const P& pipe, u32 i)
{
    mbarrier_arrive_expecting(pipe.values_full(i), P::kTile);
    bulk_load(pipe.values(i), p.values, pipe.values_full(i), pipe.first_key(p, i), 0, s32(pipe.head));
}

// scores = queries keys^T of block i, in a group of its own.
template <class P>
TESSERA_INLINE void start_scores(const P& pipe, u32 queries, u32 i, typename P::Sum (&scores)[P::kChannels / 2])
{
    TESSERA_UNROLL for (u32 k = 0; k < P::kRow / 32; ++k)
        P::Format::multiply(scores, wgmma_operand<P::kRow>(queries + 32 * k), wgmma_operand<P::kRow>(pipe.keys(i) + 32 * k), k != 0);
    wgmma_commit();
}

// sums = codes values of block i, from zero.
template <class P, class Sum, int kCount, int kSteps>
TESSERA_INLINE void start_sums(const P& pipe, u32 i, const u32 (&codes)[kSteps][4], Sum (&sums)[kCount])
{
    TESSERA_UNROLL for (u32 k = 0; k < kSteps; ++k) P::Format::multiply(sums, codes[k], wgmma_operand<P::kRow>(pipe.values(i) + 32 * k), k != 0);
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

#endif
