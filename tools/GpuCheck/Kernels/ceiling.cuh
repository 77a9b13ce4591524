// The loop around a product of a warp that shows how fast it can go.
#ifndef TESSERA_CEILING_CUH
#define TESSERA_CEILING_CUH
#include "probe.cuh"

// Words a thread has in the output of a product's ceiling.
constexpr u32 kSums = 4;

// Two fragments of a by four of b, from the input as a probe of the product has them: eight accumulators a warp.
#define TESSERA_PRODUCT_CEILING(name, product, accumulator, to_bits)                                                              \
    TESSERA_KERNEL(name, InstructionProbe, 256, 1, 0)                                                                             \
    {                                                                                                                             \
        u32 a[2][4], b[4][2];                                                                                                     \
        accumulator d[8][4] = {};                                                                                                 \
        TESSERA_UNROLL for (u32 j = 0; j < 4; ++j) {                                                                              \
            const u64 words = parameters.input + 4 * u64(320 * j + lane_index());                                                 \
            TESSERA_UNROLL for (u32 r = 0; r < 4; ++r) if (j < 2) a[j][r] = u32(load_s32(words + 128 * r));                       \
            TESSERA_UNROLL for (u32 r = 0; r < 2; ++r) b[j][r] = u32(load_s32(words + 128 * (4 + r)));                            \
        }                                                                                                                         \
        for (s32 turn = 0; turn < parameters.count; ++turn) {                                                                     \
            TESSERA_UNROLL for (u32 i = 0; i < 8; ++i) product(d[i], a[i / 4], b[i % 4][0], b[i % 4][1]);                         \
        }                                                                                                                         \
        TESSERA_UNROLL for (u32 r = 0; r < kSums; ++r) {                                                                          \
            accumulator sum = d[0][r];                                                                                            \
            TESSERA_UNROLL for (u32 i = 1; i < 8; ++i) sum += d[i][r];                                                            \
            store_u32(parameters.output + 4 * (kSums * (256 * u64(block_x()) + thread_index()) + r), to_bits(sum));               \
        }                                                                                                                         \
    }

#endif
