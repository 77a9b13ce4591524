// Operand formats of attention: bytes of a code, the product, how a score leaves the accumulator and how P enters the second product.
#ifndef TESSERA_FORMATS_CUH
#define TESSERA_FORMATS_CUH
#include "codes.cuh"

// 1.5 * 2^23, and its bits: bits larger by an integer below 2^22 in magnitude are a float larger by that integer.
constexpr float kMagic = 12582912.0f;
constexpr s32 kMagicBits = 0x4b400000;

// 2^23: a float above it has no fraction, so a fused multiply-add onto it rounds the product to an integer, once.
constexpr float kInteger = 8388608.0f;

// Exponents x = s * factor against a reference, one of the x. Fused is one instruction shorter; with the reference rounded up, x, rounded
// once with the subtraction, never exceeds it. The row's largest p is then below 1 by as much as the reference was rounded: nothing to a
// code that is rounded to nearest, a whole step to one that is truncated, which takes the other.
struct FusedExponent {
    TESSERA_MEMBER static float reference(float s, float factor) { return multiply_up(s, factor); }
    TESSERA_MEMBER static float above(float reference, float s, float factor) { return multiply_add(s, factor, -reference); }
};

struct RoundedExponent {
    TESSERA_MEMBER static float reference(float s, float factor) { return multiply(s, factor); }
    TESSERA_MEMBER static float above(float reference, float s, float factor) { return subtract(multiply(s, factor), reference); }
};

template <bool kTruncated>
struct ExponentOf { using Type = FusedExponent; };

template <>
struct ExponentOf<true> { using Type = RoundedExponent; };

// s8 x s8 and u8 x s8 products with s32 accumulators that start at the bits of 1.5 * 2^23, so that one subtraction, and no conversion at a
// quarter of the rate, makes a float of them. P is unsigned, whatever its largest code is (255, 127, 15).
template <bool kTruncated>
struct Int8Operands {
    using Code = Int8Code;
    using ValueCode = Int8Code;
    using Exponent = typename ExponentOf<kTruncated>::Type;
    using Score = s32;
    using Sum = s32;
    static constexpr bool kSumsIntoOutput = false;

    TESSERA_MEMBER static void scores(s32 (&d)[4], bool first, const u32 (&a)[4], u32 b0, u32 b1)
    {
        first ? mma_s8_s8_from(d, kMagicBits, a, b0, b1) : mma_s8_s8(d, a, b0, b1);
    }

    TESSERA_MEMBER static void sums(s32 (&d)[4], bool first, const u32 (&a)[4], u32 b0, u32 b1)
    {
        first ? mma_u8_s8_from(d, kMagicBits, a, b0, b1) : mma_u8_s8(d, a, b0, b1);
    }

    // Exact: products of 127 * 127 * 128 channels and of 255 * 127 * 64 keys are below 2^22.
    TESSERA_MEMBER static float number(s32 x) { return float_of(u32(x)) - kMagic; }

    TESSERA_MEMBER static u32 code(float p, float codeOfOne)
    {
        return bits_of(kTruncated ? multiply_add_truncated(p, codeOfOne, kInteger) : multiply_add(p, codeOfOne, kInteger));
    }

    TESSERA_MEMBER static u32 pack(const float (&p)[4], float codeOfOne)
    {
        const u32 low = permute_bytes(code(p[0], codeOfOne), code(p[1], codeOfOne), 0x0040);
        const u32 high = permute_bytes(code(p[2], codeOfOne), code(p[3], codeOfOne), 0x0040);
        return permute_bytes(low, high, 0x5410);
    }
};

// Sums of P V wait in accumulators of their own: their scale changes from block to block, and the tensor cores' own sums are short.
struct E4M3Operands {
    using Code = E4M3Code;
    using ValueCode = E4M3Code;
    using Exponent = FusedExponent;
    using Score = float;
    using Sum = float;
    static constexpr bool kSumsIntoOutput = false;

    TESSERA_MEMBER static void scores(float (&d)[4], bool first, const u32 (&a)[4], u32 b0, u32 b1)
    {
        if (first) d[0] = d[1] = d[2] = d[3] = 0.0f;
        mma_e4m3(d, a, b0, b1);
    }

    TESSERA_MEMBER static void sums(float (&d)[4], bool first, const u32 (&a)[4], u32 b0, u32 b1) { scores(d, first, a, b0, b1); }
    TESSERA_MEMBER static float number(float x) { return x; }

    TESSERA_MEMBER static u32 pack(const float (&p)[4], float codeOfOne)
    {
        const u32 low = pack_e4m3(multiply(p[0], codeOfOne), multiply(p[1], codeOfOne));
        return low | pack_e4m3(multiply(p[2], codeOfOne), multiply(p[3], codeOfOne)) << 16;
    }
};

// V without scales: P V adds to the output itself. P is taken against the running maximum, never against a tile's own.
struct BFloat16Operands {
    using Code = BFloat16Code;
    using ValueCode = BFloat16Code;
    using Exponent = FusedExponent;
    using Score = float;
    using Sum = float;
    static constexpr bool kSumsIntoOutput = true;

    TESSERA_MEMBER static void scores(float (&d)[4], bool first, const u32 (&a)[4], u32 b0, u32 b1)
    {
        if (first) d[0] = d[1] = d[2] = d[3] = 0.0f;
        mma_bf16(d, a, b0, b1);
    }

    TESSERA_MEMBER static void sums(float (&d)[4], bool, const u32 (&a)[4], u32 b0, u32 b1) { mma_bf16(d, a, b0, b1); }
    TESSERA_MEMBER static float number(float x) { return x; }
};

// INT8 Q K^T and binary16 P V: SageAttention.
struct Int8Float16Operands {
    using Code = Int8Code;
    using ValueCode = Float16Code;
    using Exponent = FusedExponent;
    using Score = s32;
    using Sum = float;
    static constexpr bool kSumsIntoOutput = true;

    TESSERA_MEMBER static void scores(s32 (&d)[4], bool first, const u32 (&a)[4], u32 b0, u32 b1)
    {
        Int8Operands<false>::scores(d, first, a, b0, b1);
    }

    TESSERA_MEMBER static void sums(float (&d)[4], bool, const u32 (&a)[4], u32 b0, u32 b1) { mma_f16(d, a, b0, b1); }
    TESSERA_MEMBER static float number(s32 x) { return Int8Operands<false>::number(x); }
};

#endif
