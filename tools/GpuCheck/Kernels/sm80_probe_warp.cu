// Instructions of threads together: shuffles, barriers, products of a warp.
#include "probe.cuh"

// Products that begin at one number everywhere; what the accumulator held is lost.
TESSERA_INLINE void from_start_s8(s32 (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { mma_s8_s8_from(d, 0x4b400000, a, b0, b1); }
TESSERA_INLINE void from_start_u8(s32 (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { mma_u8_s8_from(d, 0x4b400000, a, b0, b1); }

TESSERA_KERNEL(probe_shuffle_xor, InstructionProbe, 32, 1, 0)
{
    const float x = float_of(operand(parameters, 0, lane_index()));
    const u32 masks[6] = {1, 2, 4, 8, 16, 31};
    TESSERA_UNROLL for (u32 j = 0; j < 6; ++j) result(parameters, j, lane_index(), bits_of(shuffle_xor(x, masks[j])));
}

// A warp asks once for each word whether any lane's bit is set.
TESSERA_KERNEL(probe_any_lane, InstructionProbe, 32, 1, 0)
{
    for (u32 bit = 0; bit < u32(parameters.count); ++bit) {
        const bool any = any_lane(u32(load_s32(parameters.input + 4 * u64(32 * bit + lane_index()))) != 0);
        store_u32(parameters.output + 4 * u64(32 * bit + lane_index()), any ? 1u : 0u);
    }
}

TESSERA_KERNEL(probe_block_barrier, InstructionProbe, 256, 1, 1024)
{
    const u32 shared = shared_base();
    u32 word = operand(parameters, 0, thread_index());
    for (u32 turn = 1; turn <= 8; ++turn) {
        store_shared_f32(shared + 4 * thread_index(), float_of(word));
        block_barrier();
        word = load_shared_u32(shared + 4 * ((thread_index() + 31 * turn) % 256));
        block_barrier();
    }

    result(parameters, 0, thread_index(), word);
}

// Four warps arrive and go on, four wait for them.
TESSERA_KERNEL(probe_named_barrier, InstructionProbe, 256, 1, 512)
{
    const u32 shared = shared_base();
    const u32 thread = thread_index() % 128;
    if (thread_index() < 128) {
        store_shared_f32(shared + 4 * thread, float_of(operand(parameters, 0, thread)));
        named_barrier_arrive(3, 256);
    } else {
        named_barrier_wait(3, 256);
        result(parameters, 0, thread, load_shared_u32(shared + 4 * (127 - thread)));
    }
}

TESSERA_PRODUCT_PROBE(probe_mma_s8_s8, mma_s8_s8, s32, s32, u32)
TESSERA_PRODUCT_PROBE(probe_mma_u8_s8, mma_u8_s8, s32, s32, u32)
TESSERA_PRODUCT_PROBE(probe_mma_bf16, mma_bf16, float, float_of, bits_of)
TESSERA_PRODUCT_PROBE(probe_mma_f16, mma_f16, float, float_of, bits_of)
TESSERA_PRODUCT_PROBE(probe_mma_s8_s8_from, from_start_s8, s32, s32, u32)
TESSERA_PRODUCT_PROBE(probe_mma_u8_s8_from, from_start_u8, s32, s32, u32)

// y = a x + y over a grid: the first kernel that a new machine runs. Words: a, then x, then y.
TESSERA_KERNEL(probe_axpy, InstructionProbe, 256, 1, 0)
{
    const u64 i = u64(block_x()) * 256 + thread_index();
    if (i >= u32(parameters.count)) return;
    const float x = load_f32(parameters.input + 4 + 4 * i), y = load_f32(parameters.input + 4 + 4 * (u32(parameters.count) + i));
    store_f32(parameters.output + 4 * i, multiply_add(load_f32(parameters.input), x, y));
}
