// What Kernels/hopper.cuh and wgmma.cuh are on the emulated device.
#pragma once
#include "emulated_prims.hpp"

// A tensor map here: what cuTensorMapEncodeTiled would hide in 128 bytes. Tests write it.
struct EmulatedTensorMap {
    u64 base;
    u64 extent[3];  // elements of a byte each, innermost first
    u64 stride[2];  // bytes of the second and third dimension
    u32 box[3];
    u32 swizzled;   // whether rows are swizzled over 128 bytes
    u64 reserved[8];
};

static_assert(sizeof(EmulatedTensorMap) == 128, "as large as CUtensorMap");

TESSERA_INLINE u32 load_shared_u32(u32 address) { return load_shared<u32>(address); }
TESSERA_INLINE void mbarrier_initialise(u32 barrier, u32 count) { emulation::Block::current().initialiseBarrier(barrier, count); }
TESSERA_INLINE void mbarrier_initialise_fence() {}
TESSERA_INLINE void mbarrier_arrive(u32 barrier) { emulation::Block::current().arrive(barrier, 0); }
TESSERA_INLINE void mbarrier_arrive_expecting(u32 barrier, u32 bytes) { emulation::Block::current().arrive(barrier, bytes); }
TESSERA_INLINE void mbarrier_wait(u32 barrier, u32 parity) { emulation::Block::current().waitPhase(barrier, parity); }

TESSERA_INLINE void bulk_load(u32 shared, u64 map, u32 barrier, s32 x, s32 y, s32 z)
{
    emulation::GlobalMemory::check(map, sizeof(EmulatedTensorMap), 64, "tensor map");
    EmulatedTensorMap tensor;
    std::memcpy(&tensor, reinterpret_cast<const void*>(map), sizeof tensor);
    if (tensor.swizzled && (shared % 1024 != 0 || tensor.box[0] != 128)) emulation::Block::current().fail("a swizzled box needs 1024-byte alignment and rows of 128 bytes");
    if (shared % 128 != 0) emulation::Block::current().fail("a bulk copy needs 128-byte alignment");
    emulation::Block::current().later([=](const emulation::Clock& started) {
        emulation::Block& block = emulation::Block::current();
        const u32 time = block.asyncTime();
        u32 done = 0;
        for (u32 k = 0; k < tensor.box[2]; ++k) {
            for (u32 j = 0; j < tensor.box[1]; ++j) {
                for (u32 i = 0; i < tensor.box[0]; i += 16, done += 16) {
                    unsigned char bytes[16] = {};
                    const s64 at[3] = {x + s64(i), y + s64(j), z + s64(k)};
                    for (s64 b = 0; b < 16; ++b) {
                        const bool inside = at[0] + b >= 0 && u64(at[0] + b) < tensor.extent[0] && at[1] >= 0 && u64(at[1]) < tensor.extent[1]
                                         && at[2] >= 0 && u64(at[2]) < tensor.extent[2];
                        if (inside) bytes[b] = load_checked<unsigned char>(tensor.base + u64(at[0] + b) + u64(at[1]) * tensor.stride[0] + u64(at[2]) * tensor.stride[1], "bulk copy");
                    }

                    const u32 target = shared + done;
                    block.shared().write(tensor.swizzled ? target ^ (target >> 3 & 0x70) : target, bytes, 16, emulation::kAsyncProxy, started, time, "bulk copy");
                }
            }
        }

        emulation::Clock known = started;
        known.at[emulation::kAsyncProxy] = time;
        block.completeBytes(barrier, done, known);
    });
}

TESSERA_INLINE void bulk_prefetch_map(u64) {}
TESSERA_INLINE void async_proxy_fence() {}
TESSERA_INLINE void named_barrier_wait(u32 id, u32 threads) { emulation::Block::current().barrier(id, threads, true); }
TESSERA_INLINE void named_barrier_arrive(u32 id, u32 threads) { emulation::Block::current().barrier(id, threads, false); }
template <int kRegisters> TESSERA_INLINE void give_registers() {}
template <int kRegisters> TESSERA_INLINE void take_registers() {}

TESSERA_INLINE void wgmma_fence() {}

TESSERA_INLINE void wgmma_commit()
{
    u32 none = 0;
    emulation::Block::current().collective("wgmma.commit_group", &none, [](void* const*) { emulation::Block::current().commitProducts(); });
}

template <int kPending>
TESSERA_INLINE void wgmma_wait()
{
    u32 none = 0;
    emulation::Block::current().collective("wgmma.wait_group", &none, [](void* const*) { emulation::Block::current().waitProducts(kPending); });
}

template <int kCount, class T> TESSERA_INLINE void wgmma_accumulators(T (&)[kCount]) {}

// Row `row` of 32 bytes of an operand that a descriptor names.
TESSERA_INLINE void emulated_operand_row(u64 descriptor, u32 row, u32 (&words)[8])
{
    const u32 first = u32(descriptor & 0x3fff) << 4;
    const u32 eightRows = u32(descriptor >> 32 & 0x3fff) << 4;
    if (descriptor >> 62 != 1) emulation::Block::current().fail("wgmma: only the 128-byte swizzle is emulated");
    for (u32 half = 0; half < 2; ++half) {
        const u32 address = first + row / 8 * eightRows + row % 8 * 128 + 16 * half;
        emulation::Block::current().readShared(words + 4 * half, address ^ (address >> 3 & 0x70), 16, "wgmma");
    }
}

struct EmulatedWarpgroupProduct {
    void* d;
    const u32* a; // null: in shared memory
    u64 descriptorA;
    u64 descriptorB;
    s32 accumulate;
};

// One warp's quarter: rows 16 (warp % 4) ... of A, all of B. Operands in shared memory are read when the product is performed; reading them
// at the start too shows a copy that had not arrived.
template <class Accumulator, class Sum, int kColumns, int kElements, class Decode>
TESSERA_INLINE void emulated_warpgroup_product(const char* name, Accumulator (&d)[kColumns / 2], const u32* a, u64 descriptorA, u64 descriptorB, s32 accumulate, Decode decode)
{
    EmulatedWarpgroupProduct mine = {d, a, descriptorA, descriptorB, accumulate};
    emulation::Block::current().collective(name, &mine, [&](void* const* lanes) {
        emulation::Block& block = emulation::Block::current();
        const EmulatedWarpgroupProduct first = *static_cast<EmulatedWarpgroupProduct*>(lanes[0]);
        std::vector<u32> registers(first.a ? 128 : 0);
        void* accumulators[32];
        for (u32 l = 0; l < 32; ++l) {
            const EmulatedWarpgroupProduct& lane = *static_cast<EmulatedWarpgroupProduct*>(lanes[l]);
            if (lane.descriptorB != first.descriptorB || (!first.a && lane.descriptorA != first.descriptorA) || lane.accumulate != first.accumulate)
                block.fail("wgmma: lanes disagree about an operand");
            accumulators[l] = lane.d;
            if (first.a) std::copy(lane.a, lane.a + 4, registers.begin() + 4 * l);
        }

        const u32 quarter = u32(block.warpIndex()) % 4;
        const auto fetch = [=](u32 (&rows)[16][8], u32 (&columns)[kColumns][8]) {
            for (u32 r = 0; r < 16; ++r) {
                if (registers.empty()) {
                    emulated_operand_row(first.descriptorA, 16 * quarter + r, rows[r]);
                } else {
                    for (u32 c = 0; c < 4; ++c) {
                        rows[r][c] = registers[4 * (4 * (r % 8) + c) + r / 8];
                        rows[r][4 + c] = registers[4 * (4 * (r % 8) + c) + 2 + r / 8];
                    }
                }
            }

            for (u32 n = 0; n < kColumns; ++n) emulated_operand_row(first.descriptorB, n, columns[n]);
        };
        u32 rows[16][8], columns[kColumns][8];
        fetch(rows, columns);
        block.startProduct(accumulators, kColumns / 2, std::is_same_v<Accumulator, float>, [=](std::vector<float>& values) {
            u32 left[16][8], right[kColumns][8];
            fetch(left, right);
            for (u32 l = 0; l < 32; ++l) {
                for (u32 i = 0; i < kColumns / 2; ++i) {
                    Accumulator old;
                    std::memcpy(&old, &values[l * (kColumns / 2) + i], 4);
                    const u32* x = left[l / 4 + 8 * (i / 2 % 2)];
                    const u32* y = right[8 * (i / 4) + 2 * (l % 4) + i % 2];
                    Sum sum = first.accumulate ? Sum(old) : Sum(0);
                    for (int k = 0; k < kElements; ++k) sum += decode(x, k) * decode(y, k);
                    const Accumulator result = Accumulator(sum);
                    std::memcpy(&values[l * (kColumns / 2) + i], &result, 4);
                }
            }
        });
    });
}

#define TESSERA_EMULATED_WGMMA(name, accumulator, sum, columns, elements, decode)                                                    \
    TESSERA_INLINE void name(accumulator(&d)[columns / 2], u64 a, u64 b, s32 accumulate)                                             \
    {                                                                                                                                \
        emulated_warpgroup_product<accumulator, sum, columns, elements>(#name, d, nullptr, a, b, accumulate, decode);                \
    }                                                                                                                                \
    TESSERA_INLINE void name(accumulator(&d)[columns / 2], const u32 (&a)[4], u64 b, s32 accumulate)                                 \
    {                                                                                                                                \
        emulated_warpgroup_product<accumulator, sum, columns, elements>(#name, d, a, 0, b, accumulate, decode);                      \
    }

TESSERA_EMULATED_WGMMA(wgmma_m64n64k32_s8, s32, s32, 64, 32, emulated_s8)
TESSERA_EMULATED_WGMMA(wgmma_m64n64k32_e4m3, float, double, 64, 32, emulated_e4m3)
TESSERA_EMULATED_WGMMA(wgmma_m64n64k16_bf16, float, double, 64, 16, emulated_bf16)
TESSERA_EMULATED_WGMMA(wgmma_m64n128k32_s8, s32, s32, 128, 32, emulated_s8)
TESSERA_EMULATED_WGMMA(wgmma_m64n128k32_e4m3, float, double, 128, 32, emulated_e4m3)
TESSERA_EMULATED_WGMMA(wgmma_m64n128k16_bf16, float, double, 128, 16, emulated_bf16)
