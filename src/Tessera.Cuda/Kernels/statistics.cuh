// What quantisers need to know before they run: largest magnitudes of groups of slots, and means of channels.
#ifndef TESSERA_STATISTICS_CUH
#define TESSERA_STATISTICS_CUH
#include "rows.cuh"

constexpr int kStatisticsThreads = 128;
constexpr int kChunkSlots = 64;

// Largest |x| of each group of slots. The maximum of unsigned bits is that of magnitudes, and no order of threads changes it.
template <int kChannels>
TESSERA_INLINE void group_maxima(const GroupMaximaParameters& p)
{
    using Lanes = RowLanes<kChannels>;
    const s32 batchHead = s32(block_y());
    const RowHead head = row_head(p.rows, batchHead);
    const s32 channel = Lanes::channel();
    float mean[4] = {};
    if (head.mean) load_mean(head.mean, p.rows.channels, channel, mean);
    constexpr int kWarpSlots = 128 / (kStatisticsThreads / 32);
    const s32 firstSlot = s32(block_x()) * 128 + s32(warp_index()) * kWarpSlots + Lanes::row();
    for (s32 slot = firstSlot; slot < firstSlot + kWarpSlots; slot += Lanes::kRows) {
        float x[4];
        const bool valid = read_row(p.rows, head, slot, channel, mean, x);
        const float mine = maximum(maximum(magnitude(x[0]), magnitude(x[1])), maximum(magnitude(x[2]), magnitude(x[3])));
        const float largest = maximum_of_lanes<Lanes::kLanes>(mine);
        if (valid && channel == 0) {
            const u64 groups = p.slotGroups + 4ull * u64(head.orderHead * s64(p.rows.slots) + slot);
            const s32 group = p.slotGroups ? load_s32(groups) : 0;
            reduce_maximum(p.groupMaxima + 4 * u64(batchHead * s64(p.groupStride) + group), bits_of(largest));
        }
    }
}

// Sums of 64 slots, a warp a chunk, in ascending order. Two rows of 64 channels are read in one step and added in turn.
template <int kChannels>
TESSERA_INLINE void channel_sums(const ChannelSumsParameters& p)
{
    using Lanes = RowLanes<kChannels>;
    const s32 batchHead = s32(block_y());
    const RowHead head = row_head(p.rows, batchHead);
    const s32 chunk = s32(block_x()) * (kStatisticsThreads / 32) + s32(warp_index());
    if (chunk >= p.chunks) return;
    double sums[4] = {};
    const s32 first = chunk * kChunkSlots;
    for (s32 slot = first; slot < first + kChunkSlots; slot += Lanes::kRows) {
        float x[4];
        read_turned(p.rows, head, slot + Lanes::row(), Lanes::channel(), x);
        TESSERA_UNROLL for (int i = 0; i < 4; ++i) {
            const float other = Lanes::kRows == 2 ? shuffle_xor(x[i], 16) : 0.0f;
            sums[i] += x[i];
            if (Lanes::kRows == 2) sums[i] += other;
        }
    }

    // With two rows a step, the lanes of the first row added in ascending order.
    if (Lanes::row() == 0) {
        const u64 row = (u64(batchHead) * u64(p.chunks) + u64(chunk)) * kChannels + u64(Lanes::channel());
        TESSERA_UNROLL for (int i = 0; i < 4; ++i) store_f64(p.sums + 8 * (row + u64(i)), sums[i]);
    }
}

TESSERA_INLINE void channel_means_of(const ChannelMeansParameters& p)
{
    const s32 channel = s32(thread_index());
    if (channel >= p.channels) return;
    const u64 first = p.sums + 8 * (u64(block_x()) * u64(p.chunks) * u64(p.paddedChannels) + u64(channel));
    double sum = 0;
    for (s32 chunk = 0; chunk < p.chunks; ++chunk) sum += load_f64(first + 8 * u64(chunk) * u64(p.paddedChannels));
    store_f32(p.means + 4 * (u64(block_x()) * u64(p.channels) + u64(channel)), float(sum / p.tokens));
}

#endif
