// What the probes of single instructions share. A probe is one entry point: its text begins at a line TESSERA_...(name, ...) at the left
// margin and ends before the next such line, so that each is compiled alone too, behind what stands before the first of its file.
#ifndef TESSERA_PROBE_CUH
#define TESSERA_PROBE_CUH
#include "hopper.cuh"

// Words in, words out.
struct InstructionProbe {
    u64 input;
    u64 output;
    u64 map;    // tensor map in global memory; 0 for none
    s32 count;  // elements, tiles or bytes
    s32 x;      // coordinates of a box
    s32 y;
    s32 z;
};

// Word i of operand j, and of result j.
TESSERA_INLINE u32 operand(const InstructionProbe& p, u32 j, u32 i) { return u32(load_s32(p.input + 4 * (u64(j) * u32(p.count) + i))); }
TESSERA_INLINE void result(const InstructionProbe& p, u32 j, u32 i, u32 word) { store_u32(p.output + 4 * (u64(j) * u32(p.count) + i), word); }

// One word from three, element by element.
#define TESSERA_SCALAR_PROBE(name, word)                                                                                          \
    TESSERA_KERNEL(name, InstructionProbe, 32, 1, 0)                                                                              \
    {                                                                                                                             \
        for (u32 i = thread_index(); i < u32(parameters.count); i += 32) {                                                        \
            const u32 a = operand(parameters, 0, i), b = operand(parameters, 1, i), c = operand(parameters, 2, i);                \
            (void)a, (void)b, (void)c;                                                                                            \
            result(parameters, 0, i, word);                                                                                       \
        }                                                                                                                         \
    }

// Tiles of a warp's product: ten words a lane in (four of a, two of b, four of the accumulator), four out; lanes side by side.
#define TESSERA_PRODUCT_PROBE(name, product, accumulator, from_bits, to_bits)                                                     \
    TESSERA_KERNEL(name, InstructionProbe, 32, 1, 0)                                                                              \
    {                                                                                                                             \
        for (u32 tile = 0; tile < u32(parameters.count); ++tile) {                                                                \
            const u64 words = parameters.input + 4 * u64(320 * tile + lane_index());                                              \
            u32 a[4], b[2];                                                                                                       \
            accumulator d[4];                                                                                                     \
            TESSERA_UNROLL for (u32 r = 0; r < 4; ++r) a[r] = u32(load_s32(words + 128 * r));                                     \
            TESSERA_UNROLL for (u32 r = 0; r < 2; ++r) b[r] = u32(load_s32(words + 128 * (4 + r)));                               \
            TESSERA_UNROLL for (u32 r = 0; r < 4; ++r) d[r] = from_bits(u32(load_s32(words + 128 * (6 + r))));                    \
            product(d, a, b[0], b[1]);                                                                                            \
            TESSERA_UNROLL for (u32 r = 0; r < 4; ++r) store_u32(parameters.output + 4 * u64(128 * tile + 32 * r + lane_index()), to_bits(d[r])); \
        }                                                                                                                         \
    }

#endif
