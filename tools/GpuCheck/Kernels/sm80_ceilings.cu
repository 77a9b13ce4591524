// How fast the units are that attention leans on: loops without memory, as many independent chains as hide their latency. Every result
// depends on every turn, so that nothing can be left out; integers and small floats tell it: three turns give three times one turn.
#include "ceiling.cuh"

// Eight chains of x = 2^x a thread; what a turn makes of 8 numbers comes out added.
TESSERA_KERNEL(ceiling_exp2, InstructionProbe, 256, 1, 0)
{
    float x[8];
    TESSERA_UNROLL for (u32 i = 0; i < 8; ++i) x[i] = float_of(u32(load_s32(parameters.input + 4 * u64(8 * thread_index() + i))));
    for (s32 turn = 0; turn < parameters.count; ++turn) {
        TESSERA_UNROLL for (u32 i = 0; i < 8; ++i) x[i] = exp2_approximate(x[i]);
    }

    float sum = x[0];
    TESSERA_UNROLL for (u32 i = 1; i < 8; ++i) sum += x[i];
    store_f32(parameters.output + 4 * (256 * u64(block_x()) + thread_index()), sum);
}

TESSERA_PRODUCT_CEILING(ceiling_mma_s8_s8, mma_s8_s8, s32, u32)
TESSERA_PRODUCT_CEILING(ceiling_mma_u8_s8, mma_u8_s8, s32, u32)
TESSERA_PRODUCT_CEILING(ceiling_mma_bf16, mma_bf16, float, bits_of)

// Four matrices a warp and instruction, rows 144 bytes apart as attention has them; each turn reads another 16 rows of 128.
TESSERA_KERNEL(ceiling_load_matrices, InstructionProbe, 256, 1, 128 * 144)
{
    const u32 shared = shared_base();
    for (u32 word = thread_index(); word < 128 * 36; word += 256) store_shared_f32(shared + 4 * word, float_of(u32(load_s32(parameters.input + 4 * u64(word)))));
    block_barrier();
    const u32 mine = shared + 144 * (lane_index() & 15) + 16 * (lane_index() >> 4);
    u32 sum[4] = {};
    for (s32 turn = 0; turn < parameters.count; ++turn) {
        const u32 row = mine + 144 * 16 * ((warp_index() + u32(turn)) & 7);
        TESSERA_UNROLL for (u32 i = 0; i < 4; ++i) {
            u32 r[4];
            load_matrices(r, row + 32 * i);
            TESSERA_UNROLL for (u32 j = 0; j < 4; ++j) sum[j] += r[j];
        }
    }

    TESSERA_UNROLL for (u32 j = 0; j < 4; ++j) store_u32(parameters.output + 4 * (4 * (256 * u64(block_x()) + thread_index()) + j), sum[j]);
}
