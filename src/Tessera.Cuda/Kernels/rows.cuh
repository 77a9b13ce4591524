// Rows of Q, K and V as attention sees them, four neighbouring channels a lane.
//
// x = source[token of slot], widened; turned by position: x' = fma(x, cos, y * -sin), y' = fma(y, cos, x * sin); then x' - mean.
// Each step is rounded as the CPU backend rounds it, so that codes agree bit for bit.
// A warp reads 128 channels a step: one row of 128, or two of 64. Slots without a token, and channels beyond the tensor's, are 0.
#ifndef TESSERA_ROWS_CUH
#define TESSERA_ROWS_CUH
#include "parameters.cuh"
#include "prims.cuh"

template <int kChannels>
struct RowLanes {
    static constexpr int kLanes = kChannels / 4;
    static constexpr int kRows = 32 / kLanes; // of a warp's step
    TESSERA_MEMBER static s32 row() { return s32(lane_index()) / kLanes; }
    TESSERA_MEMBER static s32 channel() { return s32(lane_index()) % kLanes * 4; }
};

// What the rows of one head share.
struct RowHead {
    s64 offset;   // first element of the head
    u64 order;    // 0 for natural order
    u64 mean;     // 0 for none
    s32 orderHead;
    bool aligned; // whether four channels may be read at once
};

TESSERA_INLINE RowHead row_head(const RowsParameters& p, s32 batchHead)
{
    const s32 batch = batchHead / p.heads;
    const s32 head = batchHead % p.heads;
    RowHead result;
    result.offset = batch * p.batchStride + head * p.headStride;
    result.orderHead = p.orderHeads == 1 ? 0 : head;
    result.order = p.order ? p.order + 4ull * u64(result.orderHead) * u64(p.slots) : 0;
    result.mean = p.mean ? p.mean + 4ull * u64(batchHead) * u64(p.channels) : 0;
    const s64 strides = p.batchStride | p.headStride | p.tokenStride | p.channels;
    const u64 width = p.format == TensorFloat32 ? 16 : 8;
    result.aligned = strides % 4 == 0 && p.source % width == 0;
    return result;
}

// Token of a slot, negative for padding.
TESSERA_INLINE s32 token_of(const RowsParameters& p, const RowHead& head, s32 slot)
{
    return slot >= p.slots ? -1 : head.order ? load_s32(head.order + 4ull * u64(slot)) : slot;
}

TESSERA_INLINE float element(const RowsParameters& p, s64 index)
{
    return p.format == TensorFloat32    ? load_f32(p.source + 4 * u64(index))
         : p.format == TensorBFloat16 ? float_of(u32(load_u16(p.source + 2 * u64(index))) << 16)
                                      : widen_half(load_u16(p.source + 2 * u64(index)));
}

TESSERA_INLINE void load_channels(const RowsParameters& p, const RowHead& head, s32 token, s32 channel, float (&x)[4])
{
    const s64 index = head.offset + token * p.tokenStride + channel;
    if (!head.aligned) {
        TESSERA_UNROLL for (int i = 0; i < 4; ++i) x[i] = channel + i < p.channels ? element(p, index + i) : 0.0f;
    } else if (channel >= p.channels) {
        TESSERA_UNROLL for (int i = 0; i < 4; ++i) x[i] = 0.0f;
    } else if (p.format == TensorFloat32) {
        const f32x4 four = load_f32x4(p.source + 4 * u64(index));
        x[0] = four.x, x[1] = four.y, x[2] = four.z, x[3] = four.w;
    } else {
        const u32x2 four = load_u32x2(p.source + 2 * u64(index));
        const u16 halves[4] = {u16(four.x), u16(four.x >> 16), u16(four.y), u16(four.y >> 16)};
        TESSERA_UNROLL for (int i = 0; i < 4; ++i)
            x[i] = p.format == TensorBFloat16 ? float_of(u32(halves[i]) << 16) : widen_half(halves[i]);
    }
}

TESSERA_INLINE void turn(const RowsParameters& p, s32 token, s32 channel, float (&x)[4])
{
    const u64 positions = p.rotaryPositions + 12ull * u64(token);
    if (load_s32(positions) < 0) return;
    TESSERA_UNROLL for (int i = 0; i < 4; i += 2) {
        const s32 pair = (channel + i) / 2;
        if (2 * pair >= p.channels) break;
        const s32 axis = (pair >= p.rotaryFirst1) + (pair >= p.rotaryFirst2);
        const s32 first = axis == 0 ? 0 : axis == 1 ? p.rotaryFirst1 : p.rotaryFirst2;
        const s32 end = axis == 0 ? p.rotaryFirst1 : axis == 1 ? p.rotaryFirst2 : p.channels / 2;
        const s32 table = axis == 0 ? 0 : axis == 1 ? p.rotaryOffset1 : p.rotaryOffset2;
        const s64 row = s64(load_s32(positions + 4ull * u64(axis))) * (end - first);
        const f32x2 factor = load_f32x2(p.rotaryFactors + 8 * u64(table + row + pair - first));
        const float even = x[i];
        const float odd = x[i + 1];
        x[i] = multiply_add(even, factor.x, multiply(odd, -factor.y));
        x[i + 1] = multiply_add(odd, factor.x, multiply(even, factor.y));
    }
}

TESSERA_INLINE void load_mean(u64 mean, s32 channels, s32 channel, float (&x)[4])
{
    TESSERA_UNROLL for (int i = 0; i < 4; ++i) x[i] = channel + i < channels ? load_f32(mean + 4ull * u64(channel + i)) : 0.0f;
}

// Four channels of a slot before its mean is taken off.
TESSERA_INLINE bool read_turned(const RowsParameters& p, const RowHead& head, s32 slot, s32 channel, float (&x)[4])
{
    const s32 token = token_of(p, head, slot);
    if (token < 0) {
        TESSERA_UNROLL for (int i = 0; i < 4; ++i) x[i] = 0.0f;
        return false;
    }

    load_channels(p, head, token, channel, x);
    if (p.rotaryPositions) turn(p, token, channel, x);
    bool finite = true;
    TESSERA_UNROLL for (int i = 0; i < 4; ++i) finite = finite && (bits_of(x[i]) & 0x7f800000u) != 0x7f800000u;
    if (!finite && p.fault) store_u32(p.fault, 1);
    return true;
}

// Four channels of a slot, as they are quantised. `mean` holds these channels of the head's mean, or zeros.
TESSERA_INLINE bool read_row(
    const RowsParameters& p, const RowHead& head, s32 slot, s32 channel, const float (&mean)[4], float (&x)[4])
{
    const bool valid = read_turned(p, head, slot, channel, x);
    if (valid && head.mean) {
        TESSERA_UNROLL for (int i = 0; i < 4; ++i) x[i] = subtract(x[i], mean[i]);
    }

    return valid;
}

// Largest |x| of the lanes that share a row.
template <int kLanes>
TESSERA_INLINE float maximum_of_lanes(float x)
{
    TESSERA_UNROLL for (int mask = kLanes / 2; mask > 0; mask /= 2) x = maximum(x, shuffle_xor(x, u32(mask)));
    return x;
}

#endif
