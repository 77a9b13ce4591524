// Instructions of sm_90a beside wgmma.cuh: barriers in shared memory, bulk tensor copies, register budgets. K2 and K3 begin here.
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

// A box of a tensor map to shared memory; its bytes count at the barrier. Coordinates innermost first.
TESSERA_INLINE void bulk_load(u32 shared, u64 map, u32 barrier, s32 x, s32 y, s32 z)
{
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];"
                 ::"r"(shared), "l"(map), "r"(barrier), "r"(x), "r"(y), "r"(z) : "memory");
}

TESSERA_INLINE void bulk_prefetch_map(u64 map) { asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory"); }
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

// Rows of 128 bytes, K-major, 128-byte swizzle, eight rows a kilobyte. The next 32 bytes along K: address + 32. The first row must stand on
// a multiple of 1024 bytes.
TESSERA_INLINE u64 wgmma_operand(u32 address)
{
    return u64((address & 0x3ffff) >> 4) | 1ull << 16 | u64(1024 >> 4) << 32 | 1ull << 62;
}

// Where byte `address` of such rows stands: bits 4-6 take the exclusive or of bits 7-9.
TESSERA_INLINE u32 swizzled(u32 address) { return address ^ (address >> 3 & 0x70); }

#endif
