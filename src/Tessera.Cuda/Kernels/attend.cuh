// Attention of one query tile over a list of key blocks: mma.sync, operands staged by cp.async, every format one template.
//
//   S = Qc Kc^T;  s = S * sK, hidden pairs -inf;  x = s * t, t = sQ * scale * log2 e
//   m' = max(m, max x);  r = m' or the tile's own row maximum;  p = 2^(x - r);  P = code(p * codeOfOne)
//   T = P Vc;  O = O * 2^(m - m') + T * (2^(r - m') * sV);  l = l * 2^(m - m') + 2^(r - m') * sum
//   out = O / l;  LSE = ln 2 * (m + log2 l)
//
// Tile: 16 rows a warp, 64 keys. The row g of a fragment lies in lanes 4g .. 4g + 3 (g = lane / 4, c = lane % 4), so a row's maximum and
// sum need two shuffles; the sum waits for the end. S is a quarter kilobyte a warp in registers and becomes P without leaving them: V
// comes permuted (quantize_values.cuh).
//
// Shared memory: Q, two stages of K, two of V, rows 16 bytes longer than their codes so that ldmatrix meets each bank once; then the
// scales of two stages. Copies are committed in groups K0, V0, K1, V1, ...; of block j, at its start all but V(j) have arrived:
//
//   wait K(j) | barrier A | issue K(j+1), V(j+1) | Q K^T | softmax | wait V(j) | barrier B | P V
//
// Barrier A publishes K(j) and tells that every warp has done with stage (j+1) % 2; barrier B publishes V(j).
//
// Rows without a visible key are 0 with LSE -inf: m stays -inf, and no exponent is taken of -inf - -inf.
#ifndef TESSERA_ATTEND_CUH
#define TESSERA_ATTEND_CUH
#include "formats.cuh"
#include "parameters.cuh"
#include "prims.cuh"

constexpr int kKeys = 64;
constexpr float kLogOfTwo = 0.693147180559945f;

// Factors of scores are at least this: negative infinity times them is negative infinity, and what they raise is nothing beside an exponent.
constexpr float kSmallestFactor = 1.17549435e-38f;

// How fine scales and sums are. Fine: a scale per key slot, a value scale per key block; coarse: one of each per block, and per head.
template <bool kFine_, bool kQuantizedSum_>
struct Grain {
    static constexpr bool kFine = kFine_;
    static constexpr bool kQuantizedSum = kQuantizedSum_; // the denominator adds codes, not probabilities
};

template <class Operands, int kChannels_, int kWarps_>
struct Tile {
    static constexpr int kChannels = kChannels_;
    static constexpr int kThreads = 32 * kWarps_;
    static constexpr int kRows = 16 * kWarps_;
    static constexpr int kRowBytes = kChannels * Operands::Code::kBytes;
    static constexpr int kRowStride = kRowBytes + 16;
    static constexpr int kValueBytes = kKeys * Operands::ValueCode::kBytes;
    static constexpr int kValueStride = kValueBytes + 16;
    static constexpr int kKeyOffset = kRows * kRowStride;
    static constexpr int kValueOffset = kKeyOffset + 2 * kKeys * kRowStride;
    static constexpr int kKeyScaleOffset = kValueOffset + 2 * kChannels * kValueStride;
    static constexpr int kValueScaleOffset = kKeyScaleOffset + 2 * kKeys * 4;
    static constexpr int kShared = kValueScaleOffset + 2 * kChannels * 4;
    static constexpr int kScoreSteps = kRowBytes / 32;   // of 32 bytes along channels
    static constexpr int kSumSteps = kValueBytes / 32;   // of 32 bytes along keys
};

// Copies rows of kBytes, kStride apart in memory, to rows of kShared bytes.
template <int kThreads, int kRows, int kBytes, int kSharedStride>
TESSERA_INLINE void copy_rows(u32 shared, u64 global, u64 stride)
{
    constexpr int kChunks = kBytes / 16;
    static_assert(kRows * kChunks % kThreads == 0, "whole steps");
    TESSERA_UNROLL for (int step = 0; step < kRows * kChunks / kThreads; ++step) {
        const u32 index = u32(step * kThreads) + thread_index();
        const u32 row = index / kChunks;
        const u32 chunk = index % kChunks;
        copy_async(shared + row * kSharedStride + 16 * chunk, global + row * stride + 16 * chunk);
    }
}

template <class Tile, class Operands>
TESSERA_INLINE void copy_keys(const AttendParameters& p, s32 batchHead, s32 block, u32 shared, u32 stage)
{
    const u64 first = u64(batchHead) * u64(p.keyPaddedSlots) + u64(block) * kKeys;
    copy_rows<Tile::kThreads, kKeys, Tile::kRowBytes, Tile::kRowStride>(
        shared + Tile::kKeyOffset + stage * (kKeys * Tile::kRowStride), p.keys + first * Tile::kRowBytes, Tile::kRowBytes);
    if (Operands::Code::kScaled && thread_index() < kKeys / 4)
        copy_async(shared + Tile::kKeyScaleOffset + stage * (kKeys * 4) + 16 * thread_index(), p.keyScales + 4 * first + 16 * thread_index());
}

template <class Tile, class Operands, class Grain>
TESSERA_INLINE void copy_values(const AttendParameters& p, s32 batchHead, s32 block, u32 shared, u32 stage)
{
    const u64 stride = u64(p.keyPaddedSlots) * Operands::ValueCode::kBytes;
    copy_rows<Tile::kThreads, Tile::kChannels, Tile::kValueBytes, Tile::kValueStride>(
        shared + Tile::kValueOffset + stage * (Tile::kChannels * Tile::kValueStride),
        p.values + u64(batchHead) * Tile::kChannels * stride + u64(block) * Tile::kValueBytes, stride);
    if (Operands::ValueCode::kScaled && Grain::kFine && thread_index() < Tile::kChannels / 4) {
        const u64 group = u64(batchHead) * u64(p.valueGroups) + u64(p.valueGroupBlocks == 0 ? 0 : block / p.valueGroupBlocks);
        copy_async(shared + Tile::kValueScaleOffset + stage * (Tile::kChannels * 4) + 16 * thread_index(),
                   p.valueScales + 4 * group * Tile::kChannels + 16 * thread_index());
    }
}

// What a list entry says of its block.
struct KeyBlock {
    s32 index;
    s32 mask;  // into maskBits, or negative
    s32 count; // valid slots
};

// The list of one query tile.
struct BlockList {
    s32 begin;
    s32 end;
    s32 orderHead;

    TESSERA_MEMBER KeyBlock at(const AttendParameters& p, s32 entry) const
    {
        KeyBlock block = {0, -1, 0};
        if (entry >= end) return block;
        block.index = p.rowStart ? load_s32(p.blocks + 4 * u64(entry)) : entry;
        if (p.blockMasks) block.mask = load_s32(p.blockMasks + 4 * u64(entry));
        block.count = p.keyCounts ? load_s32(p.keyCounts + 4 * u64(orderHead * s64(p.keyBlocks) + block.index))
                                  : minimum(kKeys, p.keySlots - kKeys * block.index);
        return block;
    }
};

// A row's running softmax. `sum` holds this lane's share.
struct RunningRow {
    float largest;
    float sum;
};

// Bit k: whether a row sees key k of the block.
TESSERA_INLINE u64 visible_keys(const AttendParameters& p, const KeyBlock& block, s32 row)
{
    const u64 valid = block.count >= kKeys ? ~0ull : (1ull << block.count) - 1;
    if (block.mask < 0) return valid;
    return valid & load_u64(p.maskBits + 8 * (u64(block.mask) * u64(p.maskRowSlots) + u64(row % p.maskRowSlots)));
}

template <class Operands, class Grain>
TESSERA_INLINE void add_probabilities(u32 (&codes)[2], const float (&p0)[4], const float (&p1)[4], float (&sums)[2], u32 (&codeSums)[2], float codeOfOne)
{
    codes[0] = Operands::pack(p0, codeOfOne);
    codes[1] = Operands::pack(p1, codeOfOne);
    if (Grain::kQuantizedSum) {
        codeSums[0] = sum_of_bytes(codes[0], codeSums[0]);
        codeSums[1] = sum_of_bytes(codes[1], codeSums[1]);
    } else {
        sums[0] += (p0[0] + p0[1]) + (p0[2] + p0[3]);
        sums[1] += (p1[0] + p1[1]) + (p1[2] + p1[3]);
    }
}

template <class Operands, int kChannels, int kWarps, class Grain>
TESSERA_INLINE void attend(const AttendParameters& p)
{
    using T = Tile<Operands, kChannels, kWarps>;
    constexpr bool kScaled = Operands::Code::kScaled;
    constexpr bool kValuesScaled = Operands::ValueCode::kScaled;
    const u32 lane = lane_index();
    const u32 c = lane % 4;
    const s32 work = p.schedule ? load_s32(p.schedule + 4ull * block_x()) : s32(block_x());
    const s32 batchHead = work / p.queryTiles;
    const s32 firstRow = work % p.queryTiles * T::kRows;
    const s32 head = batchHead % p.heads;
    const s32 rows[2] = {firstRow + s32(16 * warp_index() + lane / 4), firstRow + s32(16 * warp_index() + lane / 4) + 8};

    BlockList list = {0, p.keyBlocks, p.orderHeads == 1 ? 0 : head};
    if (p.rowStart) {
        const s64 row = (p.maskHeads == 1 ? 0 : head) * s64(p.maskRows) + firstRow / p.maskRowSlots;
        list.begin = load_s32(p.rowStart + 4 * u64(row));
        list.end = load_s32(p.rowStart + 4 * u64(row + 1));
    }

    const u32 shared = shared_base();
    const float none = minus_infinity();
    RunningRow running[2] = {{none, 0.0f}, {none, 0.0f}};
    float output[kChannels / 8][4] = {};
    float rowScale[2] = {p.scoreScale, p.scoreScale};
    u32 query[T::kScoreSteps][4];

    KeyBlock block = list.at(p, list.begin);
    KeyBlock next = list.at(p, list.begin + 1);
    if (list.begin < list.end) {
        const u64 first = u64(batchHead) * u64(p.queryPaddedSlots) + u64(firstRow);
        copy_rows<T::kThreads, T::kRows, T::kRowBytes, T::kRowStride>(shared, p.queries + first * T::kRowBytes, T::kRowBytes);
        copy_keys<T, Operands>(p, batchHead, block.index, shared, 0);
        copy_async_commit();
        copy_values<T, Operands, Grain>(p, batchHead, block.index, shared, 0);
        copy_async_commit();
        if (kScaled) {
            TESSERA_UNROLL for (int r = 0; r < 2; ++r)
                rowScale[r] = p.scoreScale * load_f32(p.queryScales + 4 * (u64(batchHead) * u64(p.queryPaddedSlots) + u64(rows[r])));
        }
    }

    for (s32 entry = list.begin; entry < list.end; ++entry) {
        const u32 stage = u32(entry - list.begin) & 1;
        const KeyBlock afterNext = list.at(p, entry + 2);
        copy_async_wait<1>();
        block_barrier(); // A
        if (entry == list.begin) {
            const u32 address = shared + (16 * warp_index() + lane % 16) * T::kRowStride + 16 * (lane / 16);
            TESSERA_UNROLL for (int step = 0; step < T::kScoreSteps; ++step) load_matrices(query[step], address + 32 * step);
        }

        if (entry + 1 < list.end) copy_keys<T, Operands>(p, batchHead, next.index, shared, stage ^ 1);
        copy_async_commit();
        if (entry + 1 < list.end) copy_values<T, Operands, Grain>(p, batchHead, next.index, shared, stage ^ 1);
        copy_async_commit();

        // S: eight tiles of 8 keys. One ldmatrix brings 32 bytes of 16 keys.
        typename Operands::Score scores[kKeys / 8][4];
        const u32 pairRow = (lane / 16) * 8 + lane % 8;
        const u32 pairByte = 16 * ((lane / 8) % 2);
        const u32 keys = shared + T::kKeyOffset + stage * (kKeys * T::kRowStride) + pairRow * T::kRowStride + pairByte;
        TESSERA_UNROLL for (int step = 0; step < T::kScoreSteps; ++step) {
            TESSERA_UNROLL for (int pair = 0; pair < kKeys / 16; ++pair) {
                u32 b[4];
                load_matrices(b, keys + 16 * pair * T::kRowStride + 32 * step);
                Operands::scores(scores[2 * pair], step == 0, query[step], b[0], b[1]);
                Operands::scores(scores[2 * pair + 1], step == 0, query[step], b[2], b[3]);
            }
        }

        // Exponents are x = s * factor in units of base 2. Positive factors leave the order of scores alone, so the maximum is taken of s.
        float s[kKeys / 8][4];
        const u32 keyScales = shared + T::kKeyScaleOffset + stage * (kKeys * 4);
        const float blockScale = kScaled && !Grain::kFine ? load_shared_f32(keyScales) : 1.0f;
        const float factor[2] = {maximum(rowScale[0] * blockScale, kSmallestFactor), maximum(rowScale[1] * blockScale, kSmallestFactor)};
        TESSERA_UNROLL for (int tile = 0; tile < kKeys / 8; ++tile) {
            f32x2 keyScale = {1.0f, 1.0f};
            if (kScaled && Grain::kFine) keyScale = load_shared_f32x2(keyScales + 4 * (8 * tile + 2 * c));
            TESSERA_UNROLL for (int i = 0; i < 4; ++i) {
                const float score = Operands::number(scores[tile][i]);
                s[tile][i] = kScaled && Grain::kFine ? score * (i % 2 == 0 ? keyScale.x : keyScale.y) : score;
            }
        }

        if (block.mask >= 0 || block.count < kKeys) {
            TESSERA_UNROLL for (int r = 0; r < 2; ++r) {
                const u64 visible = visible_keys(p, block, rows[r]) >> (2 * c);
                TESSERA_UNROLL for (int tile = 0; tile < kKeys / 8; ++tile) {
                    TESSERA_UNROLL for (int i = 0; i < 2; ++i) {
                        if (!(visible >> (8 * tile + i) & 1)) s[tile][2 * r + i] = none;
                    }
                }
            }
        }

        float reference[2], fade[2], lift[2];
        TESSERA_UNROLL for (int r = 0; r < 2; ++r) {
            float largest = maximum(s[0][2 * r], s[0][2 * r + 1]);
            TESSERA_UNROLL for (int tile = 1; tile < kKeys / 8; ++tile) largest = maximum(largest, maximum(s[tile][2 * r], s[tile][2 * r + 1]));
            largest = maximum(largest, shuffle_xor(largest, 1));
            largest = maximum(largest, shuffle_xor(largest, 2));
            const float top = Operands::Exponent::reference(largest, factor[r]);
            const float larger = maximum(running[r].largest, top);
            const float finite = larger == none ? 0.0f : larger;
            const float chosen = p.tileReference ? top : larger;
            fade[r] = exp2_approximate(running[r].largest - finite);
            lift[r] = exp2_approximate(chosen - finite);
            reference[r] = chosen == none ? 0.0f : chosen;
            running[r].largest = larger;
        }

        // P: the accumulators of four (8-bit) or two (16-bit) neighbouring tiles are one first operand of the second product.
        u32 probability[T::kSumSteps][4];
        float sums[2] = {};
        u32 codeSums[2] = {};
        TESSERA_UNROLL for (int tile = 0; tile < kKeys / 8; ++tile) {
            TESSERA_UNROLL for (int i = 0; i < 4; ++i) s[tile][i] = exp2_approximate(Operands::Exponent::above(reference[i / 2], s[tile][i], factor[i / 2]));
        }

        TESSERA_UNROLL for (int step = 0; step < T::kSumSteps; ++step) {
            TESSERA_UNROLL for (int half = 0; half < 2; ++half) {
                if constexpr (Operands::ValueCode::kBytes == 1) {
                    const int tile = 4 * step + 2 * half;
                    const float upper[4] = {s[tile][0], s[tile][1], s[tile + 1][0], s[tile + 1][1]};
                    const float lower[4] = {s[tile][2], s[tile][3], s[tile + 1][2], s[tile + 1][3]};
                    u32 codes[2];
                    add_probabilities<Operands, Grain>(codes, upper, lower, sums, codeSums, p.codeOfOne);
                    probability[step][2 * half] = codes[0];
                    probability[step][2 * half + 1] = codes[1];
                } else {
                    const int tile = 2 * step + half;
                    probability[step][2 * half] = Operands::ValueCode::pack(s[tile][0], s[tile][1]);
                    probability[step][2 * half + 1] = Operands::ValueCode::pack(s[tile][2], s[tile][3]);
                    sums[0] += s[tile][0] + s[tile][1];
                    sums[1] += s[tile][2] + s[tile][3];
                }
            }
        }

        TESSERA_UNROLL for (int r = 0; r < 2; ++r) {
            const float sum = Grain::kQuantizedSum ? Int8Operands<false>::number(s32(codeSums[r]) + kMagicBits) : sums[r];
            running[r].sum = running[r].sum * fade[r] + lift[r] * sum;
        }

        copy_async_wait<2>();
        block_barrier(); // B

        // Maxima settle after a few blocks: mostly nothing is to be faded.
        if (any_lane(fade[0] != 1.0f || fade[1] != 1.0f)) {
            TESSERA_UNROLL for (int tile = 0; tile < kChannels / 8; ++tile) {
                TESSERA_UNROLL for (int i = 0; i < 4; ++i) output[tile][i] *= fade[i / 2];
            }
        }

        // O: two tiles of 8 channels at a time, with scales summed over the block's keys in accumulators of their own.
        const u32 values = shared + T::kValueOffset + stage * (kChannels * T::kValueStride) + pairRow * T::kValueStride + pairByte;
        const u32 valueScales = shared + T::kValueScaleOffset + stage * (kChannels * 4);
        TESSERA_UNROLL for (int pair = 0; pair < kChannels / 16; ++pair) {
            typename Operands::Sum partial[2][4];
            TESSERA_UNROLL for (int step = 0; step < T::kSumSteps; ++step) {
                u32 b[4];
                load_matrices(b, values + 16 * pair * T::kValueStride + 32 * step);
                if constexpr (Operands::kSumsIntoOutput) {
                    Operands::sums(output[2 * pair], false, probability[step], b[0], b[1]);
                    Operands::sums(output[2 * pair + 1], false, probability[step], b[2], b[3]);
                } else {
                    Operands::sums(partial[0], step == 0, probability[step], b[0], b[1]);
                    Operands::sums(partial[1], step == 0, probability[step], b[2], b[3]);
                }
            }

            if constexpr (!Operands::kSumsIntoOutput) {
                TESSERA_UNROLL for (int half = 0; half < 2; ++half) {
                    f32x2 valueScale = {1.0f, 1.0f};
                    if (kValuesScaled && Grain::kFine) valueScale = load_shared_f32x2(valueScales + 4 * (16 * pair + 8 * half + 2 * c));
                    TESSERA_UNROLL for (int i = 0; i < 4; ++i) {
                        float unit = lift[i / 2];
                        if (kValuesScaled && Grain::kFine) unit *= i % 2 == 0 ? valueScale.x : valueScale.y;
                        float& sum = output[2 * pair + half][i];
                        sum = multiply_add(Operands::number(partial[half][i]), unit, sum);
                    }
                }
            }
        }

        block = next;
        next = afterNext;
    }

    // Epilogue: each row goes where its token stands.
    const bool wide = p.outputFormat == TensorFloat32
        && (p.outputBatchStride | p.outputHeadStride | p.outputTokenStride | p.channels) % 2 == 0 && p.output % 8 == 0;
    TESSERA_UNROLL for (int r = 0; r < 2; ++r) {
        float sum = running[r].sum;
        sum += shuffle_xor(sum, 1);
        sum += shuffle_xor(sum, 2);
        const float unit = kValuesScaled ? p.codeOfOne : 1.0f;
        const float denominator = Grain::kQuantizedSum ? sum : sum * unit;
        const float inverse = sum == 0.0f ? 0.0f : divide(1.0f, denominator);
        const s32 orderRow = list.orderHead;
        s32 token = rows[r] < p.querySlots ? rows[r] : -1;
        if (token >= 0 && p.order) token = load_s32(p.order + 4 * u64(orderRow * s64(p.querySlots) + rows[r]));
        if (token < 0) continue;

        if (p.logSumExp && c == 0) {
            float value = none;
            if (sum != 0.0f) {
                const float total = Grain::kQuantizedSum ? divide(sum, unit) : sum;
                value = kLogOfTwo * (running[r].largest + log2_approximate(total));
                if (p.rowConstants) value += load_f32(p.rowConstants + 4 * (u64(batchHead) * u64(p.queryPaddedSlots) + u64(rows[r])));
            }

            store_f32(p.logSumExp + 4 * (u64(batchHead) * u64(p.queryTokens) + u64(token)), value);
        }

        const s64 first = batchHead / p.heads * p.outputBatchStride + head * p.outputHeadStride + token * p.outputTokenStride;
        TESSERA_UNROLL for (int tile = 0; tile < kChannels / 8; ++tile) {
            const s32 channel = 8 * tile + s32(2 * c);
            if (channel >= p.channels) continue;
            f32x2 scale = {inverse, inverse};
            if (kValuesScaled && !Grain::kFine) {
                const f32x2 valueScale = load_f32x2(p.valueScales + 4 * (u64(batchHead) * kChannels + u64(channel)));
                scale = {inverse * valueScale.x, inverse * valueScale.y};
            }

            const float left = output[tile][2 * r] * scale.x;
            const float right = output[tile][2 * r + 1] * scale.y;
            const u64 index = u64(first + channel);
            if (wide) {
                store_f32x2(p.output + 4 * index, {left, right});
            } else if (p.outputFormat == TensorFloat32) {
                store_f32(p.output + 4 * index, left);
                if (channel + 1 < p.channels) store_f32(p.output + 4 * (index + 1), right);
            } else {
                const u32 narrow = p.outputFormat == TensorBFloat16 ? pack_bf16(left, right) : narrow_half(left) | u32(narrow_half(right)) << 16;
                store_u16(p.output + 2 * index, u16(narrow));
                if (channel + 1 < p.channels) store_u16(p.output + 2 * (index + 1), u16(narrow >> 16));
            }
        }
    }
}

#endif
