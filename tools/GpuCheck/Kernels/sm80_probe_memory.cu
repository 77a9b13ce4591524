// Instructions of memory: global loads and stores of each width, reductions, shared memory, asynchronous copies, matrices.
#include "probe.cuh"

TESSERA_KERNEL(probe_copy_u16, InstructionProbe, 32, 1, 0)
{
    for (u64 i = thread_index(); i < u32(parameters.count); i += 32) store_u16(parameters.output + 2 * i, load_u16(parameters.input + 2 * i));
}

TESSERA_KERNEL(probe_copy_s32, InstructionProbe, 32, 1, 0)
{
    for (u64 i = thread_index(); i < u32(parameters.count); i += 32) store_u32(parameters.output + 4 * i, u32(load_s32(parameters.input + 4 * i)));
}

TESSERA_KERNEL(probe_copy_f32, InstructionProbe, 32, 1, 0)
{
    for (u64 i = thread_index(); i < u32(parameters.count); i += 32) store_f32(parameters.output + 4 * i, load_f32(parameters.input + 4 * i));
}

TESSERA_KERNEL(probe_copy_f64, InstructionProbe, 32, 1, 0)
{
    for (u64 i = thread_index(); i < u32(parameters.count); i += 32) store_f64(parameters.output + 8 * i, load_f64(parameters.input + 8 * i));
}

TESSERA_KERNEL(probe_copy_f32x2, InstructionProbe, 32, 1, 0)
{
    for (u64 i = thread_index(); i < u32(parameters.count); i += 32) store_f32x2(parameters.output + 8 * i, load_f32x2(parameters.input + 8 * i));
}

TESSERA_KERNEL(probe_copy_u32x2, InstructionProbe, 32, 1, 0)
{
    for (u64 i = thread_index(); i < u32(parameters.count); i += 32) store_u32x2(parameters.output + 8 * i, load_u32x2(parameters.input + 8 * i));
}

TESSERA_KERNEL(probe_copy_f32x4, InstructionProbe, 32, 1, 0)
{
    for (u64 i = thread_index(); i < u32(parameters.count); i += 32) {
        const f32x4 x = load_f32x4(parameters.input + 16 * i);
        store_f32x2(parameters.output + 16 * i, {x.x, x.y});
        store_f32x2(parameters.output + 16 * i + 8, {x.z, x.w});
    }
}

TESSERA_KERNEL(probe_copy_u64, InstructionProbe, 32, 1, 0)
{
    for (u64 i = thread_index(); i < u32(parameters.count); i += 32) {
        const u64 x = load_u64(parameters.input + 16 * i), y = load_u64(parameters.input + 16 * i + 8);
        store_u32x4(parameters.output + 16 * i, {u32(x), u32(x >> 32), u32(y), u32(y >> 32)});
    }
}

TESSERA_KERNEL(probe_reduce_maximum, InstructionProbe, 256, 1, 0)
{
    for (u32 i = thread_index(); i < u32(parameters.count); i += 256) reduce_maximum(parameters.output + 4 * u64(i % 8), operand(parameters, 0, i));
}

TESSERA_KERNEL(probe_shared_f32, InstructionProbe, 128, 1, 512)
{
    const u32 shared = shared_base();
    store_shared_f32(shared + 4 * thread_index(), float_of(operand(parameters, 0, thread_index())));
    block_barrier();
    result(parameters, 0, thread_index(), bits_of(load_shared_f32(shared + 4 * (127 - thread_index()))));
}

TESSERA_KERNEL(probe_shared_u32, InstructionProbe, 128, 1, 512)
{
    const u32 shared = shared_base();
    store_shared_f32(shared + 4 * thread_index(), float_of(operand(parameters, 0, thread_index())));
    block_barrier();
    result(parameters, 0, thread_index(), load_shared_u32(shared + 4 * (thread_index() ^ 77)));
}

TESSERA_KERNEL(probe_shared_vectors, InstructionProbe, 128, 1, 2048)
{
    const u32 shared = shared_base();
    store_shared_f32x4(shared + 16 * thread_index(), load_f32x4(parameters.input + 16 * u64(thread_index())));
    block_barrier();
    TESSERA_UNROLL for (u32 half = 0; half < 2; ++half)
        store_f32x2(parameters.output + 16 * u64(thread_index()) + 8 * half, load_shared_f32x2(shared + 16 * (127 - thread_index()) + 8 * half));
}

// Rows of 16 bytes, 48 bytes apart; word 128 + l is the row whose address lane l gives.
TESSERA_KERNEL(probe_load_matrices, InstructionProbe, 32, 1, 32 * 48)
{
    const u32 shared = shared_base();
    const u32 lane = lane_index();
    store_shared_f32x4(shared + 48 * lane, load_f32x4(parameters.input + 16 * u64(lane)));
    block_barrier();
    u32 r[4];
    load_matrices(r, shared + 48 * u32(load_s32(parameters.input + 4 * u64(128 + lane))));
    TESSERA_UNROLL for (u32 i = 0; i < 4; ++i) store_u32(parameters.output + 4 * u64(32 * i + lane), r[i]);
}

// Two groups of 2 KB; the first is read while the second may be under way.
TESSERA_KERNEL(probe_copy_async, InstructionProbe, 128, 1, 4096)
{
    const u32 shared = shared_base();
    const u32 mine = 16 * thread_index(), other = 16 * (127 - thread_index());
    copy_async(shared + mine, parameters.input + mine);
    copy_async_commit();
    copy_async(shared + 2048 + mine, parameters.input + 2048 + mine);
    copy_async_commit();
    copy_async_wait<1>();
    block_barrier();
    TESSERA_UNROLL for (u32 i = 0; i < 4; ++i) store_f32(parameters.output + other + 4 * i, load_shared_f32(shared + other + 4 * i));
    copy_async_wait<0>();
    block_barrier();
    TESSERA_UNROLL for (u32 i = 0; i < 4; ++i) store_f32(parameters.output + 2048 + other + 4 * i, load_shared_f32(shared + 2048 + other + 4 * i));
}
