// What Kernels/hopper.cuh and wgmma.cuh are on the emulated device.
#pragma once
#include "emulated_prims.hpp"

#include "emulated_bulk.hpp"

TESSERA_INLINE u32 load_shared_u32(u32 address) { return load_shared<u32>(address); }
TESSERA_INLINE void mbarrier_initialise(u32 barrier, u32 count) { emulation::Block::current().initialiseBarrier(barrier, count); }
TESSERA_INLINE void mbarrier_initialise_fence() { emulation::Block::current().fenceBarriers(); }
TESSERA_INLINE void mbarrier_arrive(u32 barrier) { emulation::Block::current().arrive(barrier, 0); }
TESSERA_INLINE void mbarrier_arrive_expecting(u32 barrier, u32 bytes) { emulation::Block::current().arrive(barrier, bytes); }
TESSERA_INLINE void mbarrier_wait(u32 barrier, u32 parity) { emulation::Block::current().waitPhase(barrier, parity); }

TESSERA_INLINE void bulk_acquire_map(u64 map) { emulation::Block::current().acquireMap(map); }
TESSERA_INLINE void bulk_load(u32 shared, u64 map, u32 barrier, s32 x, s32 y, s32 z) { emulated_bulk_load<3>(shared, map, barrier, {x, y, z}); }
TESSERA_INLINE void bulk_load(u32 shared, u64 map, u32 barrier, s32 x, s32 y, s32 z, s32 w) { emulated_bulk_load<4>(shared, map, barrier, {x, y, z, w}); }
TESSERA_INLINE void bulk_store(u64 map, u32 shared, s32 x, s32 y, s32 z) { emulated_bulk_store<3>(map, shared, {x, y, z}); }
TESSERA_INLINE void bulk_store(u64 map, u32 shared, s32 x, s32 y, s32 z, s32 w) { emulated_bulk_store<4>(map, shared, {x, y, z, w}); }
TESSERA_INLINE void bulk_store_commit() { emulation::Block::current().commitStores(); }
template <int kPending> TESSERA_INLINE void bulk_store_wait() { emulation::Block::current().waitStores(kPending); }
template <int kPending> TESSERA_INLINE void bulk_store_wait_read() { emulation::Block::current().waitStores(kPending); }

TESSERA_INLINE void bulk_prefetch_map(u64) {}
TESSERA_INLINE void async_proxy_fence() { emulation::Block::current().fenceProxy(); }
TESSERA_INLINE void named_barrier_wait(u32 id, u32 threads) { emulation::Block::current().barrier(id, threads, true); }
TESSERA_INLINE void named_barrier_arrive(u32 id, u32 threads) { emulation::Block::current().barrier(id, threads, false); }

template <int kRegisters>
TESSERA_INLINE void give_registers()
{
    static_assert(kRegisters % 8 == 0 && kRegisters >= 24 && kRegisters <= 256, "what setmaxnreg takes");
    u32 none = 0;
    emulation::Block::current().collective("setmaxnreg", &none, [](void* const*) { emulation::Block::current().giveRegisters(kRegisters); });
}

template <int kRegisters>
TESSERA_INLINE void take_registers()
{
    static_assert(kRegisters % 8 == 0 && kRegisters >= 24 && kRegisters <= 256, "what setmaxnreg takes");
    u32 none = 0;
    emulation::Block::current().collective("setmaxnreg", &none, [](void* const*) { emulation::Block::current().takeRegisters(kRegisters); });
}

// Any lane may be the elected one: a kernel that counts on the first is found out.
TESSERA_INLINE bool elect_one()
{
    bool elected = false;
    emulation::Block::current().collective("elect", &elected, [](void* const* lanes) {
        emulation::Block& block = emulation::Block::current();
        *static_cast<bool*>(lanes[block.inOrder() ? 0 : block.random() % 32]) = true;
    });
    return elected;
}

TESSERA_INLINE void warp_barrier()
{
    u32 none = 0;
    emulation::Block::current().collective("bar.warp.sync", &none, [](void* const*) { emulation::Block::current().meetLanes(); });
}

template <bool kTransposed>
TESSERA_INLINE void emulated_store_matrices(u32 address, const u32 (&r)[4])
{
    struct Operand { const u32* r; u32 address; } mine = {r, address};
    emulation::Block::current().collective(kTransposed ? "stmatrix.trans" : "stmatrix", &mine, [](void* const* lanes) {
        for (u32 matrix = 0; matrix < 4; ++matrix) {
            for (u32 row = 0; row < 8; ++row) {
                u16 elements[8];
                for (u32 column = 0; column < 8; ++column) {
                    const u32 i = kTransposed ? column : row, j = kTransposed ? row : column;
                    elements[column] = u16(static_cast<Operand*>(lanes[4 * i + j / 2])->r[matrix] >> (16 * (j % 2)));
                }

                emulation::Block::current().writeShared(static_cast<Operand*>(lanes[8 * matrix + row])->address, elements, 16, "stmatrix", 8 * matrix + row);
            }
        }
    });
}

TESSERA_INLINE void store_matrices(u32 address, const u32 (&r)[4]) { emulated_store_matrices<false>(address, r); }
TESSERA_INLINE void store_matrices_transposed(u32 address, const u32 (&r)[4]) { emulated_store_matrices<true>(address, r); }

TESSERA_INLINE void wgmma_fence()
{
    u32 none = 0;
    emulation::Block::current().collective("wgmma.fence", &none, [](void* const*) { emulation::Block::current().fenceProducts(); });
}

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
    const u32 layout = u32(descriptor >> 62); // 1: rows of 128 bytes, 2: of 64
    if (layout != 1 && layout != 2) emulation::Block::current().fail("wgmma: only swizzles of 128 and 64 bytes are emulated");
    const u32 mode = 4 - layout;              // as tensor maps count them
    const u32 rowBytes = 16u << mode;
    if (first & 7 * rowBytes) emulation::Block::current().fail("wgmma: an operand begins within the " + std::to_string(8 * rowBytes) + " bytes over which the swizzle repeats");
    for (u32 half = 0; half < 2; ++half) {
        const u32 address = first + row / 8 * eightRows + row % 8 * rowBytes + 16 * half;
        emulation::Block::current().readOperand(words + 4 * half, emulated_swizzle(address, mode), 16, "wgmma");
    }
}

struct EmulatedWarpgroupProduct {
    void* d;
    const u32* a; // null: in shared memory
    u64 descriptorA;
    u64 descriptorB;
    s32 accumulate;
};

// One warp's quarter: rows 16 (warp % 4) ... of A, all of B. Operands in shared memory are read when the product is started, which shows a
// copy that had not come, and again when it is performed, which shows one that came too early; what differs was overwritten in between.
template <class Accumulator, class Sum, int kColumns, int kElements, bool kNarrow, class Decode>
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

        u64 product = std::hash<std::string>{}(name);
        for (u64 word : {first.descriptorA, first.descriptorB, u64(u32(first.accumulate))}) product = (product ^ word) * 0x9e3779b97f4a7c15ull;
        block.agree(product);
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
        struct Operands { u32 rows[16][8], columns[kColumns][8]; } before;
        fetch(before.rows, before.columns);
        block.startProduct(accumulators, kColumns / 2, std::is_same_v<Accumulator, float>, [=](std::vector<float>& values) {
            u32 left[16][8], right[kColumns][8];
            fetch(left, right);
            if (std::memcmp(left, before.rows, sizeof left) != 0 || std::memcmp(right, before.columns, sizeof right) != 0)
                emulation::Block::current().fail("an operand of wgmma was overwritten before wgmma.wait_group");
            Sum x[16][kElements], y[kColumns][kElements];
            for (int i = 0; i < 16; ++i) for (int k = 0; k < kElements; ++k) x[i][k] = decode(left[i], k);
            for (int j = 0; j < kColumns; ++j) for (int k = 0; k < kElements; ++k) y[j][k] = decode(right[j], k);
            for (u32 l = 0; l < 32; ++l) {
                for (u32 i = 0; i < kColumns / 2; ++i) {
                    Accumulator sum = 0;
                    if (first.accumulate) std::memcpy(&sum, &values[l * (kColumns / 2) + i], 4);
                    sum = emulated_dot<kNarrow>(sum, x[l / 4 + 8 * (i / 2 % 2)], y[8 * (i / 4) + 2 * (l % 4) + i % 2]);
                    std::memcpy(&values[l * (kColumns / 2) + i], &sum, 4);
                }
            }
        });
    });
}

#define TESSERA_EMULATED_WGMMA(name, accumulator, sum, columns, elements, narrow, decode)                                                    \
    TESSERA_INLINE void name(accumulator(&d)[columns / 2], u64 a, u64 b, s32 accumulate)                                             \
    {                                                                                                                                \
        emulated_warpgroup_product<accumulator, sum, columns, elements, narrow>(#name, d, nullptr, a, b, accumulate, decode);                \
    }                                                                                                                                \
    TESSERA_INLINE void name(accumulator(&d)[columns / 2], const u32 (&a)[4], u64 b, s32 accumulate)                                 \
    {                                                                                                                                \
        emulated_warpgroup_product<accumulator, sum, columns, elements, narrow>(#name, d, a, 0, b, accumulate, decode);                      \
    }

TESSERA_EMULATED_WGMMA(wgmma_m64n64k32_s8, s32, s32, 64, 32, false, emulated_s8)
TESSERA_EMULATED_WGMMA(wgmma_m64n64k32_e4m3, float, double, 64, 32, true, emulated_e4m3)
TESSERA_EMULATED_WGMMA(wgmma_m64n64k16_bf16, float, double, 64, 16, false, emulated_bf16)
TESSERA_EMULATED_WGMMA(wgmma_m64n128k32_s8, s32, s32, 128, 32, false, emulated_s8)
TESSERA_EMULATED_WGMMA(wgmma_m64n128k32_e4m3, float, double, 128, 32, true, emulated_e4m3)
TESSERA_EMULATED_WGMMA(wgmma_m64n128k16_bf16, float, double, 128, 16, false, emulated_bf16)
