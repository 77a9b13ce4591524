// Products of a warpgroup, every shape and type, the first operand in shared memory and in registers:
//
//   d[64, n] = a[64, 128 bytes] b[n, 128 bytes]^T in four steps of 32 bytes; rows of a, then rows of b, stand side by side in the input.
#include "warpgroup.cuh"

template <class Product, bool kRegisters>
TESSERA_INLINE void multiply_operands(const InstructionProbe& p)
{
    using T = typename Product::Accumulator;
    constexpr u32 kColumns = Product::kColumns;
    const u32 a = shared_base(), b = a + 64 * 128;
    stage_operands<kColumns>(p);

    // The first step must not add to what the registers hold.
    T d[kColumns / 2];
    TESSERA_UNROLL for (u32 i = 0; i < kColumns / 2; ++i) d[i] = T(7);
    const u32 row = 16 * warp_index() + lane_index() / 4;
    u32 fragment[4][4] = {};
    if constexpr (kRegisters) {
        TESSERA_UNROLL for (u32 k = 0; k < 4; ++k) {
            TESSERA_UNROLL for (u32 r = 0; r < 4; ++r)
                fragment[k][r] = load_shared_u32(swizzled(a + 128 * (row + 8 * (r % 2)) + 32 * k + 16 * (r / 2) + 4 * (lane_index() % 4)));
        }
    }

    wgmma_accumulators(d);
    wgmma_fence();
    TESSERA_UNROLL for (u32 k = 0; k < 4; ++k) {
        if constexpr (kRegisters) {
            Product::add(d, fragment[k], wgmma_operand(b + 32 * k), k > 0);
        } else {
            Product::add(d, wgmma_operand(a + 32 * k), wgmma_operand(b + 32 * k), k > 0);
        }
    }

    wgmma_commit();
    wgmma_wait<0>();
    wgmma_accumulators(d);
    TESSERA_UNROLL for (u32 i = 0; i < kColumns / 2; ++i) store_u32(p.output + 4 * u64(128 * i + thread_index()), word_of(d[i]));
}

#define TESSERA_WARPGROUP_PROBE(name, product, columns, registers) \
    TESSERA_KERNEL(name, InstructionProbe, 128, 1, 128 * (64 + columns)) { multiply_operands<product##_product, registers>(parameters); }

TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n64k32_s8_shared, wgmma_m64n64k32_s8, 64, false)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n64k32_s8_registers, wgmma_m64n64k32_s8, 64, true)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n64k32_e4m3_shared, wgmma_m64n64k32_e4m3, 64, false)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n64k32_e4m3_registers, wgmma_m64n64k32_e4m3, 64, true)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n64k16_bf16_shared, wgmma_m64n64k16_bf16, 64, false)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n64k16_bf16_registers, wgmma_m64n64k16_bf16, 64, true)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n128k32_s8_shared, wgmma_m64n128k32_s8, 128, false)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n128k32_s8_registers, wgmma_m64n128k32_s8, 128, true)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n128k32_e4m3_shared, wgmma_m64n128k32_e4m3, 128, false)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n128k32_e4m3_registers, wgmma_m64n128k32_e4m3, 128, true)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n128k16_bf16_shared, wgmma_m64n128k16_bf16, 128, false)
TESSERA_WARPGROUP_PROBE(probe_wgmma_m64n128k16_bf16_registers, wgmma_m64n128k16_bf16, 128, true)
