// V to codes, transposed so that a row is a channel: the layout in which both operands of P V are read along tokens.
//
// Within each 16 tokens, position 4c + i of 8-bit codes holds token {2c, 2c + 1, 2c + 8, 2c + 9}[i]. The accumulator of Q K^T then is, byte
// for byte, the first operand of P V (mma.sync m16n8k32 and wgmma alike): no shuffle between the products. 16-bit formats need no permutation.
// A thread block turns 64 slots through shared memory. Slots without a token hold 0: 0 times a masked probability stays 0.
#ifndef TESSERA_QUANTIZE_VALUES_CUH
#define TESSERA_QUANTIZE_VALUES_CUH
#include "codes.cuh"
#include "rows.cuh"

constexpr int kValueThreads = 256;
constexpr int kValueSlots = 64;

// Floats between two slots in shared memory: four more than channels, so that 128-bit stores of a warp meet every bank once.
template <int kChannels>
constexpr int kValueStride = kChannels + 4;

template <int kChannels>
constexpr int kValueShared = 4 * (kValueSlots * kValueStride<kChannels> + kValueThreads);

// Slot, within its 16, that position 4c + i holds.
TESSERA_INLINE constexpr int permuted_slot(int position) { return 2 * (position / 4) + position % 2 + 8 * (position % 4 / 2); }

TESSERA_INLINE s32 value_group(s32 slot, s32 groupSlots) { return groupSlots == 0 ? 0 : slot / groupSlots; }

// Puts 64 slots into shared memory, a row a slot.
template <int kChannels>
TESSERA_INLINE void stage_values(const RowsParameters& p, s32 batchHead, s32 firstSlot, u32 shared)
{
    using Lanes = RowLanes<kChannels>;
    const RowHead head = row_head(p, batchHead);
    const float mean[4] = {};
    constexpr int kPasses = kValueSlots / (kValueThreads / 32) / Lanes::kRows;
    TESSERA_UNROLL for (int pass = 0; pass < kPasses; ++pass) {
        const s32 row = (s32(warp_index()) * kPasses + pass) * Lanes::kRows + Lanes::row();
        float x[4];
        read_row(p, head, firstSlot + row, Lanes::channel(), mean, x);
        store_shared_f32x4(shared + 4 * u32(row * kValueStride<kChannels> + Lanes::channel()), {x[0], x[1], x[2], x[3]});
    }

    block_barrier();
}

// Largest |x| of a channel over the staged slots. Every thread answers for channel thread % kChannels.
template <int kChannels>
TESSERA_INLINE float staged_maximum(u32 shared)
{
    constexpr int kParts = kValueThreads / kChannels;
    constexpr int kPartSlots = kValueSlots / kParts;
    const u32 parts = shared + 4 * kValueSlots * kValueStride<kChannels>;
    const s32 channel = s32(thread_index()) % kChannels;
    const s32 part = s32(thread_index()) / kChannels;
    float largest = 0.0f;
    for (s32 slot = part * kPartSlots; slot < (part + 1) * kPartSlots; ++slot)
        largest = maximum(largest, magnitude(load_shared_f32(shared + 4 * u32(slot * kValueStride<kChannels> + channel))));
    store_shared_f32(parts + 4 * thread_index(), largest);
    block_barrier();
    for (s32 other = 0; other < kParts; ++other) largest = maximum(largest, load_shared_f32(parts + 4 * u32(other * kChannels + channel)));
    return largest;
}

template <int kChannels>
TESSERA_INLINE void value_maxima(const ValueMaximaParameters& p)
{
    const u32 shared = shared_base();
    const s32 firstSlot = s32(block_x()) * kValueSlots;
    stage_values<kChannels>(p.rows, s32(block_y()), firstSlot, shared);
    const float largest = staged_maximum<kChannels>(shared);
    if (thread_index() < kChannels && firstSlot < p.rows.slots) {
        const s64 group = block_y() * s64(p.groups) + value_group(firstSlot, p.groupSlots);
        reduce_maximum(p.maxima + 4 * u64(group * kChannels + thread_index()), bits_of(largest));
    }
}

template <class Code, int kChannels>
TESSERA_INLINE void quantize_values(const QuantizeValuesParameters& p)
{
    const u32 shared = shared_base();
    const s32 batchHead = s32(block_y());
    const s32 firstSlot = s32(block_x()) * kValueSlots;
    stage_values<kChannels>(p.rows, batchHead, firstSlot, shared);
    const u32 scales = shared + 4 * kValueSlots * kValueStride<kChannels>;
    if constexpr (Code::kScaled) {
        const s64 group = batchHead * s64(p.groups) + value_group(firstSlot, p.groupSlots);
        const u64 first = 4 * u64(group * kChannels);
        const s32 channel = s32(thread_index()) % kChannels;
        const bool counted = firstSlot < p.rows.slots;
        float largest = 0.0f;
        if (p.maxima) {
            if (counted) largest = load_f32(p.maxima + first + 4 * u64(channel));
        } else {
            largest = staged_maximum<kChannels>(shared);
            block_barrier();
        }

        const GroupScale scale = group_scale(largest, p.maximumCode);
        if (thread_index() < kChannels) {
            store_shared_f32(scales + 4 * u32(channel), scale.inverse);
            const bool opens = p.groupSlots == 0 ? firstSlot == 0 : firstSlot % p.groupSlots == 0;
            if (counted && opens) store_f32(p.scales + first + 4 * u64(channel), scale.scale);
        }

        block_barrier();
    }

    // Sixteen slots of a channel a step. Two lanes share a channel: 32 neighbouring bytes of 8-bit codes.
    TESSERA_UNROLL for (int step = 0; step < kChannels * 4 / kValueThreads; ++step) {
        const s32 index = step * kValueThreads + s32(thread_index());
        const s32 channel = index / 2 % kChannels;
        const s32 sixteen = index % 2 + 2 * (index / (2 * kChannels));
        const u32 column = shared + 4 * u32(16 * sixteen * kValueStride<kChannels> + channel);
        float x[16];
        TESSERA_UNROLL for (int i = 0; i < 16; ++i)
            x[i] = load_shared_f32(column + 4 * u32((Code::kPermuted ? permuted_slot(i) : i) * kValueStride<kChannels>));
        const u64 row = u64(batchHead) * kChannels + u64(channel);
        const u64 codes = p.codes + (row * u64(p.rows.paddedSlots) + u64(firstSlot + 16 * sixteen)) * Code::kBytes;
        if constexpr (Code::kScaled) {
            const float inverse = load_shared_f32(scales + 4 * u32(channel));
            u32 words[4];
            TESSERA_UNROLL for (int i = 0; i < 4; ++i) {
                const float four[4] = {x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]};
                words[i] = Code::pack(four, inverse, p.maximumCode);
            }

            store_u32x4(codes, {words[0], words[1], words[2], words[3]});
        } else {
            if constexpr (Code::kLimited) {
                float largest = 0.0f;
                TESSERA_UNROLL for (int i = 0; i < 16; ++i) largest = maximum(largest, magnitude(x[i]));
                if (largest >= 65520.0f && p.rows.fault) store_u32(p.rows.fault, 1);
            }

            TESSERA_UNROLL for (int i = 0; i < 16; i += 8)
                store_u32x4(codes + 2 * u64(i), {Code::pack(x[i], x[i + 1]), Code::pack(x[i + 2], x[i + 3]),
                                                 Code::pack(x[i + 4], x[i + 5]), Code::pack(x[i + 6], x[i + 7])});
        }
    }
}

#endif
