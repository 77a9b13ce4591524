// What probes of wgmma share: operands in shared memory, and the two wrappers of a shape behind one name.
#ifndef TESSERA_WARPGROUP_CUH
#define TESSERA_WARPGROUP_CUH
#include "probe.cuh"

// A shape's two wrappers behind one name.
#define TESSERA_WARPGROUP_PRODUCT(name, accumulator, columns)                                                                                                   \
    struct name##_product {                                                                                                                                     \
        using Accumulator = accumulator;                                                                                                                        \
        static constexpr int kColumns = columns;                                                                                                                \
        TESSERA_MEMBER static void add(accumulator (&d)[columns / 2], u64 a, u64 b, s32 accumulate) { name(d, a, b, accumulate); }                              \
        TESSERA_MEMBER static void add(accumulator (&d)[columns / 2], const u32 (&a)[4], u64 b, s32 accumulate) { name(d, a, b, accumulate); }                  \
    };

// Indented: a line at the margin begins a probe.
    TESSERA_WARPGROUP_PRODUCT(wgmma_m64n64k32_s8, s32, 64)
    TESSERA_WARPGROUP_PRODUCT(wgmma_m64n64k32_e4m3, float, 64)
    TESSERA_WARPGROUP_PRODUCT(wgmma_m64n64k16_bf16, float, 64)
    TESSERA_WARPGROUP_PRODUCT(wgmma_m64n128k32_s8, s32, 128)
    TESSERA_WARPGROUP_PRODUCT(wgmma_m64n128k32_e4m3, float, 128)
    TESSERA_WARPGROUP_PRODUCT(wgmma_m64n128k16_bf16, float, 128)

TESSERA_INLINE u32 word_of(s32 x) { return u32(x); }
TESSERA_INLINE u32 word_of(float x) { return bits_of(x); }

// 64 rows of a, then the rows of b, 128 bytes each, from the input to the beginning of shared memory, swizzled; 128 threads.
template <u32 kColumns>
TESSERA_INLINE void stage_operands(const InstructionProbe& p)
{
    for (u32 chunk = thread_index(); chunk < 8 * (64 + kColumns); chunk += 128)
        store_shared_f32x4(swizzled(shared_base() + 16 * chunk), load_f32x4(p.input + 16 * u64(chunk)));
    async_proxy_fence();
    block_barrier();
}

#endif
