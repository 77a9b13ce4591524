// Q and K to codes in one pass over memory: gather, widen, turn, smooth, absolute maximum, quantise.
//
// A thread block holds 128 slots in registers, a warp 16 of them, a lane four channels of each: sixteen 128-bit loads are in flight
// before the first maximum is taken. Groups of 16 to 128 slots meet in shared memory; other groups bring maxima of an earlier pass.
#ifndef TESSERA_QUANTIZE_ROWS_CUH
#define TESSERA_QUANTIZE_ROWS_CUH
#include "codes.cuh"
#include "rows.cuh"

constexpr int kQuantizeThreads = 256;
constexpr int kQuantizeSlots = 128;
constexpr int kQuantizeShared = 8 * 4;

template <class Code, int kChannels>
TESSERA_INLINE void quantize_rows(const QuantizeRowsParameters& p)
{
    using Lanes = RowLanes<kChannels>;
    constexpr int kWarpSlots = kQuantizeSlots / (kQuantizeThreads / 32);
    constexpr int kPasses = kWarpSlots / Lanes::kRows;
    const s32 batchHead = s32(block_y());
    const RowHead head = row_head(p.rows, batchHead);
    const s32 channel = Lanes::channel();
    const s32 firstSlot = s32(block_x()) * kQuantizeSlots + s32(warp_index()) * kWarpSlots + Lanes::row();

    float mean[4] = {};
    float constantMean[4] = {};
    if (head.mean) load_mean(head.mean, p.rows.channels, channel, mean);
    if (p.constantMean) load_mean(p.constantMean + 4ull * u64(batchHead) * u64(p.rows.channels), p.rows.channels, channel, constantMean);

    float x[kPasses][4];
    float largest[kPasses];
    TESSERA_UNROLL for (int pass = 0; pass < kPasses; ++pass) {
        const s32 slot = firstSlot + pass * Lanes::kRows;
        read_row(p.rows, head, slot, channel, mean, x[pass]);
        largest[pass] = maximum(maximum(magnitude(x[pass][0]), magnitude(x[pass][1])), maximum(magnitude(x[pass][2]), magnitude(x[pass][3])));
    }

    if (p.groupRows > 0) {
        TESSERA_UNROLL for (int pass = 0; pass < kPasses; ++pass) largest[pass] = maximum_of_lanes<Lanes::kLanes>(largest[pass]);
    }

    if (p.groupRows > 1) {
        float ofWarp = 0.0f;
        TESSERA_UNROLL for (int pass = 0; pass < kPasses; ++pass) ofWarp = maximum(ofWarp, largest[pass]);
        ofWarp = maximum_of_lanes<32>(ofWarp);
        const u32 shared = shared_base();
        if (lane_index() == 0) store_shared_f32(shared + 4 * warp_index(), ofWarp);
        block_barrier();
        const s32 warps = p.groupRows / kWarpSlots;
        const s32 firstWarp = s32(warp_index()) / warps * warps;
        float ofGroup = 0.0f;
        for (s32 warp = firstWarp; warp < firstWarp + warps; ++warp) ofGroup = maximum(ofGroup, load_shared_f32(shared + 4 * u32(warp)));
        TESSERA_UNROLL for (int pass = 0; pass < kPasses; ++pass) largest[pass] = ofGroup;
    }

    TESSERA_UNROLL for (int pass = 0; pass < kPasses; ++pass) {
        const s32 slot = firstSlot + pass * Lanes::kRows;
        const u64 row = u64(batchHead) * u64(p.rows.paddedSlots) + u64(slot);
        const bool stored = slot < p.rows.slots;
        if (p.groupRows == 0 && stored && Code::kScaled) {
            const u64 groups = p.slotGroups + 4ull * u64(head.orderHead * s64(p.rows.slots) + slot);
            const s32 group = p.slotGroups ? load_s32(groups) : 0;
            largest[pass] = load_f32(p.groupMaxima + 4ull * u64(batchHead * s64(p.groupStride) + group));
        }

        const u64 codes = p.codes + (row * kChannels + u64(channel)) * Code::kBytes;
        GroupScale scale = {1.0f, 1.0f};
        if constexpr (Code::kScaled) {
            if (stored) scale = group_scale(largest[pass], p.maximumCode);
            store_u32(codes, Code::pack(x[pass], scale.inverse, p.maximumCode));
        } else {
            store_u32x2(codes, {Code::pack(x[pass][0], x[pass][1]), Code::pack(x[pass][2], x[pass][3])});
        }

        if (channel == 0 && p.scales) store_f32(p.scales + 4 * row, scale.scale);
        if (p.constantMean) {
            float dot = 0.0f;
            TESSERA_UNROLL for (int i = 0; i < 4; ++i) dot = multiply_add(x[pass][i], constantMean[i], dot);
            TESSERA_UNROLL for (int mask = Lanes::kLanes / 2; mask > 0; mask /= 2) dot += shuffle_xor(dot, u32(mask));
            if (channel == 0) store_f32(p.rowConstants + 4 * row, p.constantFactor * dot);
        }
    }
}

#endif
