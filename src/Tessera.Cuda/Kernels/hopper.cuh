// Instructions of sm_90a beside wgmma.cuh: barriers in shared memory, bulk tensor copies, register budgets. K2 and K3 begin here.
//
// What threads write to shared memory (stores, stmatrix, cp.async) the asynchronous proxy, that is bulk copies and operands of wgmma, sees only
// when each writing thread has executed async_proxy_fence() after its writes and before the barrier behind which the copy or product starts.
#ifndef TESSERA_HOPPER_CUH
#define TESSERA_HOPPER_CUH
#include "prims.cuh"
#include "wgmma.cuh"

#if !defined(TESSERA_EMULATION)
TESSERA_INLINE u32 load_shared_u32(u32 address) { u32 r; asm volatile("ld.shared.b32 %0, [%1];" : "=r"(r) : "r"(address) : "memory"); return r; }

// A barrier of `count` arrivals. Initialise it from one thread, then fence, then meet at a block barrier.
TESSERA_INLINE void mbarrier_initialise(u32 barrier, u32 count) { asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory"); }
TESSERA_INLINE void mbarrier_initialise_fence() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
TESSERA_INLINE void mbarrier_arrive(u32 barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory"); }
TESSERA_INLINE void mbarrier_arrive_expecting(u32 barrier, u32 bytes) { asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory"); }

// Returns when the phase of this parity has completed. A fresh barrier counts its phase before the first as complete: parity 1.
TESSERA_INLINE void mbarrier_wait(u32 barrier, u32 parity)
{
    asm volatile("{ .reg .pred p; wait: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1; @p bra done; bra wait; done: }"
                 ::"r"(barrier), "r"(parity) : "memory");
}

// Tensor maps lie in global memory, where the host has copied them. Bulk copies may read a map only after it was acquired in the same block:
// by the thread that starts them, or before a barrier that comes before them.
TESSERA_INLINE void bulk_acquire_map(u64 map) { asm volatile("fence.proxy.tensormap::generic.acquire.sys [%0], 128;" ::"l"(map) : "memory"); }
TESSERA_INLINE void bulk_prefetch_map(u64 map) { asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory"); }

// A box of a tensor map to shared memory; its bytes count at the barrier. Coordinates innermost first.
TESSERA_INLINE void bulk_load(u32 shared, u64 map, u32 barrier, s32 x, s32 y, s32 z)
{
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];"
                 ::"r"(shared), "l"(map), "r"(barrier), "r"(x), "r"(y), "r"(z) : "memory");
}

TESSERA_INLINE void bulk_load(u32 shared, u64 map, u32 barrier, s32 x, s32 y, s32 z, s32 w)
{
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];"
                 ::"r"(shared), "l"(map), "r"(barrier), "r"(x), "r"(y), "r"(z), "r"(w) : "memory");
}

// A box from shared memory; what lies outside of the tensor is not written. Stores of a thread form groups: the thread that started them commits
// and waits. Shared memory may be written again, and the block may end, after bulk_store_wait_read; global memory is written after bulk_store_wait.
TESSERA_INLINE void bulk_store(u64 map, u32 shared, s32 x, s32 y, s32 z)
{
    asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%2, %3, %4}], [%1];" ::"l"(map), "r"(shared), "r"(x), "r"(y), "r"(z) : "memory");
}

TESSERA_INLINE void bulk_store(u64 map, u32 shared, s32 x, s32 y, s32 z, s32 w)
{
    asm volatile("cp.async.bulk.tensor.4d.global.shared::cta.bulk_group [%0, {%2, %3, %4, %5}], [%1];" ::"l"(map), "r"(shared), "r"(x), "r"(y), "r"(z), "r"(w) : "memory");
}

TESSERA_INLINE void bulk_store_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
template <int kPending> TESSERA_INLINE void bulk_store_wait() { asm volatile("cp.async.bulk.wait_group %0;" ::"n"(kPending) : "memory"); }
template <int kPending> TESSERA_INLINE void bulk_store_wait_read() { asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(kPending) : "memory"); }

// Four 8 x 8 matrices of 16-bit elements, the inverse of load_matrices: lane l names row l & 7 of matrix l >> 3 and gives elements 2 (l & 3),
// 2 (l & 3) + 1 of row l >> 2; transposed, it gives them of column l >> 2.
TESSERA_INLINE void store_matrices(u32 address, const u32 (&r)[4]) { asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3]) : "memory"); }
TESSERA_INLINE void store_matrices_transposed(u32 address, const u32 (&r)[4]) { asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3]) : "memory"); }

// True in one lane of the warp, whichever; all 32 must come.
TESSERA_INLINE bool elect_one()
{
    u32 r;
    asm volatile("{ .reg .pred p; elect.sync _|p, 0xffffffff; selp.b32 %0, 1, 0, p; }" : "=r"(r)::"memory");
    return r != 0;
}

TESSERA_INLINE void warp_barrier() { asm volatile("bar.warp.sync 0xffffffff;" ::: "memory"); }
TESSERA_INLINE void async_proxy_fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
TESSERA_INLINE void named_barrier_wait(u32 id, u32 threads) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory"); }
TESSERA_INLINE void named_barrier_arrive(u32 id, u32 threads) { asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory"); }
template <int kRegisters> TESSERA_INLINE void give_registers() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters)); }
template <int kRegisters> TESSERA_INLINE void take_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters)); }

TESSERA_INLINE void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
TESSERA_INLINE void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int kPending> TESSERA_INLINE void wgmma_wait() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory"); }

// Keeps the compiler from reading accumulators before a wait.
template <int kCount> TESSERA_INLINE void wgmma_accumulators(float (&d)[kCount]) { TESSERA_UNROLL for (int i = 0; i < kCount; ++i) asm volatile("" : "+f"(d[i])::"memory"); }
template <int kCount> TESSERA_INLINE void wgmma_accumulators(s32 (&d)[kCount]) { TESSERA_UNROLL for (int i = 0; i < kCount; ++i) asm volatile("" : "+r"(d[i])::"memory"); }
#else
#include "emulated_hopper.hpp"
#endif

// Rows of 128 (or 64) bytes, K-major, swizzled over as many bytes, eight rows without a gap. The next 32 bytes along K: address + 32. The first
// row must stand on a multiple of 1024 (or 512) bytes.
template <u32 kRowBytes = 128>
TESSERA_INLINE u64 wgmma_operand(u32 address)
{
    static_assert(kRowBytes == 128 || kRowBytes == 64, "rows of 128 or 64 bytes");
    return u64((address & 0x3ffff) >> 4) | 1ull << 16 | u64(8 * kRowBytes >> 4) << 32 | (kRowBytes == 128 ? 1ull : 2ull) << 62;
}

// Where byte `address` of such rows stands: bits 4-6 take the exclusive or of bits 7-9 (bits 4-5 of bits 7-8).
template <u32 kRowBytes = 128>
TESSERA_INLINE u32 swizzled(u32 address)
{
    static_assert(kRowBytes == 128 || kRowBytes == 64, "rows of 128 or 64 bytes");
    return address ^ (address >> 3 & (kRowBytes == 128 ? 0x70 : 0x30));
}

#endif
