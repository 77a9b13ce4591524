// Products of a warpgroup without the copies that feed them: four steps of 32 bytes a turn, 64 x 128, both operands in shared memory.
#include "warpgroup.cuh"

template <class Product>
TESSERA_INLINE void multiply_again(const InstructionProbe& p)
{
    using T = typename Product::Accumulator;
    constexpr u32 kColumns = Product::kColumns;
    const u32 a = shared_base(), b = a + 64 * 128;
    stage_operands<kColumns>(p);
    T d[kColumns / 2] = {};
    wgmma_accumulators(d);
    for (s32 turn = 0; turn < p.count; ++turn) {
        wgmma_fence();
        TESSERA_UNROLL for (u32 k = 0; k < 4; ++k) Product::add(d, wgmma_operand(a + 32 * k), wgmma_operand(b + 32 * k), 1);
        wgmma_commit();
        wgmma_wait<1>();
    }

    wgmma_wait<0>();
    wgmma_accumulators(d);
    T sum = d[0];
    TESSERA_UNROLL for (u32 i = 1; i < kColumns / 2; ++i) sum += d[i];
    store_u32(p.output + 4 * (128 * u64(block_x()) + thread_index()), word_of(sum));
}

#define TESSERA_WARPGROUP_CEILING(name, product) \
    TESSERA_KERNEL(name, InstructionProbe, 128, 1, 128 * (64 + 128)) { multiply_again<product##_product>(parameters); }

TESSERA_WARPGROUP_CEILING(ceiling_wgmma_s8, wgmma_m64n128k32_s8)
TESSERA_WARPGROUP_CEILING(ceiling_wgmma_e4m3, wgmma_m64n128k32_e4m3)
TESSERA_WARPGROUP_CEILING(ceiling_wgmma_bf16, wgmma_m64n128k16_bf16)
