// A small warp-specialised product: one warp feeds stages by bulk copies, a warpgroup multiplies them. It computes nothing that is needed; it
// shows that the emulator knows mbarriers, tensor maps, the 128-byte swizzle and wgmma well enough to develop the kernels that need them.
//
//   d[64, 64] = a[64, 128 steps] b[64, 128 steps]^T, operands [rows, k] of bytes.
#include "hopper.cuh"

struct ProbeParameters {
    u64 a;      // tensor map, box 128 x 64
    u64 b;      // tensor map, box 128 x 64
    u64 d;      // [64, 64], s32 or f32
    s32 steps;  // of 128 bytes along k
    s32 reserved;
};

constexpr int kStages = 2;
constexpr int kTileBytes = 64 * 128;
constexpr int kBarriers = 2 * kStages * kTileBytes;
constexpr int kProbeThreads = 128 + 32;
constexpr int kProbeShared = kBarriers + 16 * kStages;

struct Int8Probe {
    using Accumulator = s32;
    TESSERA_MEMBER static void product(s32 (&d)[32], u64 a, u64 b, s32 accumulate) { wgmma_m64n64k32_s8(d, a, b, accumulate); }
    TESSERA_MEMBER static void product(s32 (&d)[32], const u32 (&a)[4], u64 b, s32 accumulate) { wgmma_m64n64k32_s8(d, a, b, accumulate); }
    TESSERA_MEMBER static u32 bits(s32 x) { return u32(x); }
};

struct E4M3Probe {
    using Accumulator = float;
    TESSERA_MEMBER static void product(float (&d)[32], u64 a, u64 b, s32 accumulate) { wgmma_m64n64k32_e4m3(d, a, b, accumulate); }
    TESSERA_MEMBER static void product(float (&d)[32], const u32 (&a)[4], u64 b, s32 accumulate) { wgmma_m64n64k32_e4m3(d, a, b, accumulate); }
    TESSERA_MEMBER static u32 bits(float x) { return bits_of(x); }
};

template <class Format, bool kRegisters>
TESSERA_INLINE void probe(const ProbeParameters& p)
{
    const u32 shared = shared_base();
    const u32 full = shared + kBarriers;            // filled by the producer's copies
    const u32 empty = full + 8 * kStages;           // released by the four consumer warps
    if (thread_index() == 0) {
        for (u32 stage = 0; stage < kStages; ++stage) {
            mbarrier_initialise(full + 8 * stage, 1);
            mbarrier_initialise(empty + 8 * stage, 4);
        }

        mbarrier_initialise_fence();
    }

    block_barrier(); // barriers
    if (warp_index() == 4) {
        if (lane_index() == 0) {
            bulk_acquire_map(p.a);
            bulk_acquire_map(p.b);
            for (s32 step = 0; step < p.steps; ++step) {
                const u32 stage = u32(step) % kStages;
                mbarrier_wait(empty + 8 * stage, (u32(step) / kStages & 1) ^ 1);
                mbarrier_arrive_expecting(full + 8 * stage, 2 * kTileBytes);
                bulk_load(shared + 2 * stage * kTileBytes, p.a, full + 8 * stage, 128 * step, 0, 0);
                bulk_load(shared + (2 * stage + 1) * kTileBytes, p.b, full + 8 * stage, 128 * step, 0, 0);
            }
        }

        return;
    }

    const u32 lane = lane_index();
    typename Format::Accumulator d[32] = {};
    for (s32 step = 0; step < p.steps; ++step) {
        const u32 stage = u32(step) % kStages;
        const u32 a = shared + 2 * stage * kTileBytes;
        const u32 b = a + kTileBytes;
        mbarrier_wait(full + 8 * stage, u32(step) / kStages & 1);
        wgmma_fence();
        TESSERA_UNROLL for (u32 k = 0; k < 4; ++k) {
            if constexpr (kRegisters) {
                const u32 row = 16 * warp_index() + lane / 4;
                u32 fragment[4];
                TESSERA_UNROLL for (u32 r = 0; r < 4; ++r)
                    fragment[r] = load_shared_u32(swizzled(a + 128 * (row + 8 * (r % 2)) + 32 * k + 16 * (r / 2) + 4 * (lane % 4)));
                Format::product(d, fragment, wgmma_operand(b + 32 * k), 1);
            } else {
                Format::product(d, wgmma_operand(a + 32 * k), wgmma_operand(b + 32 * k), 1);
            }
        }

        wgmma_commit();
        wgmma_wait<0>();
        wgmma_accumulators(d);
        if (lane == 0) mbarrier_arrive(empty + 8 * stage);
    }

    TESSERA_UNROLL for (u32 i = 0; i < 32; ++i) {
        const u32 row = 16 * warp_index() + lane / 4 + 8 * (i / 2 % 2);
        store_u32(p.d + 4 * u64(64 * row + 8 * (i / 4) + 2 * (lane % 4) + i % 2), Format::bits(d[i]));
    }
}

TESSERA_KERNEL(probe_int8_shared, ProbeParameters, kProbeThreads, 1, kProbeShared) { probe<Int8Probe, false>(parameters); }
TESSERA_KERNEL(probe_int8_registers, ProbeParameters, kProbeThreads, 1, kProbeShared) { probe<Int8Probe, true>(parameters); }
TESSERA_KERNEL(probe_e4m3_shared, ProbeParameters, kProbeThreads, 1, kProbeShared) { probe<E4M3Probe, false>(parameters); }
TESSERA_KERNEL(probe_e4m3_registers, ProbeParameters, kProbeThreads, 1, kProbeShared) { probe<E4M3Probe, true>(parameters); }
