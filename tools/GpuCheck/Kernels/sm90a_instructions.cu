// Calls every wrapper of hopper.cuh and wgmma.cuh once, so that the inventory sees instructions no kernel uses yet. It is compiled, never run.
#include "hopper.cuh"

struct InstructionParameters {
    u64 map;
    u64 output;
};

template <int kCount>
TESSERA_INLINE void keep(const InstructionParameters& p, const s32 (&d)[kCount])
{
    TESSERA_UNROLL for (int i = 0; i < kCount; ++i) store_u32(p.output + 4 * u64(i), u32(d[i]));
}

template <int kCount>
TESSERA_INLINE void keep(const InstructionParameters& p, const float (&d)[kCount])
{
    TESSERA_UNROLL for (int i = 0; i < kCount; ++i) store_f32(p.output + 4 * u64(i), d[i]);
}

// Both forms of one shape: operand a in shared memory, and in registers.
#define TESSERA_BOTH_FORMS(product, accumulator, count)                 \
    {                                                                   \
        accumulator d[count] = {};                                      \
        wgmma_fence();                                                  \
        product(d, wgmma_operand(shared), wgmma_operand(shared), 0);    \
        product(d, fragment, wgmma_operand(shared), 1);                 \
        wgmma_commit();                                                 \
        wgmma_wait<1>();                                                \
        wgmma_accumulators(d);                                          \
        keep(p, d);                                                     \
    }

TESSERA_INLINE void call_everything(const InstructionParameters& p)
{
    const u32 shared = shared_base();
    const u32 barrier = shared + 8192;
    bulk_prefetch_map(p.map);
    mbarrier_initialise(barrier, 1);
    mbarrier_initialise_fence();
    mbarrier_arrive_expecting(barrier, 8192);
    bulk_load(shared, p.map, barrier, 0, 0, 0);
    mbarrier_arrive(barrier);
    mbarrier_wait(barrier, 0);
    async_proxy_fence();
    named_barrier_arrive(1, 256);
    named_barrier_wait(2, 256);
    give_registers<40>();
    take_registers<232>();
    const u32 fragment[4] = {load_shared_u32(swizzled(shared)), 0, 0, 0};
    TESSERA_BOTH_FORMS(wgmma_m64n64k32_s8, s32, 32)
    TESSERA_BOTH_FORMS(wgmma_m64n64k32_e4m3, float, 32)
    TESSERA_BOTH_FORMS(wgmma_m64n64k16_bf16, float, 32)
    TESSERA_BOTH_FORMS(wgmma_m64n128k32_s8, s32, 64)
    TESSERA_BOTH_FORMS(wgmma_m64n128k32_e4m3, float, 64)
    TESSERA_BOTH_FORMS(wgmma_m64n128k16_bf16, float, 64)
}

TESSERA_KERNEL(probe_every_instruction, InstructionParameters, 256, 1, 8192 + 8) { call_everything(parameters); }
