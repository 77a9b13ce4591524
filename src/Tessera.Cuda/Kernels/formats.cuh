// Operand formats of attention: bytes of a code, the product, how a score leaves the accumulator and how P enters the second product.
#ifndef TESSERA_FORMATS_CUH
#define TESSERA_FORMATS_CUH
#include "codes.cuh"

// 1.5 * 2^23: adding it to an integer below 2^22 in magnitude, as bits, makes a float that is that integer away from it.
constexpr float kMagic = 12582912.0f;
constexpr u32 kMagicBits = 0x4b400000u;

// 2^23: a float above it has no fraction, so a fused multiply-add onto it rounds the product to an integer, once.
constexpr float kInteger = 8388608.0f;

// s8 x s8 and u8 x s8 products with s32 accumulators; P is unsigned, whatever its largest code is (255, 127, 15).
template <bool kTruncated>
struct Int8Operands {
    using Code = Int8Code;
    using Accumulator = s32;
    static constexpr int kBytes = 1;
    static constexpr int kCodesPerWord = 4;

    TESSERA_MEMBER static void scores(s32 (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { mma_s8_s8(d, a, b0, b1); }
    TESSERA_MEMBER static void sums(s32 (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { mma_u8_s8(d, a, b0, b1); }

    // |x| <= 127 * 127 * 128 and 255 * 127 * 64 are below 2^22; an addition and a subtraction run at full rate, a conversion does not.
    TESSERA_MEMBER static float number(s32 x) { return float_of(u32(x) + kMagicBits) - kMagic; }

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

struct E4M3Operands {
    using Code = E4M3Code;
    using Accumulator = float;
    static constexpr int kBytes = 1;
    static constexpr int kCodesPerWord = 4;

    TESSERA_MEMBER static void scores(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { mma_e4m3(d, a, b0, b1); }
    TESSERA_MEMBER static void sums(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { mma_e4m3(d, a, b0, b1); }
    TESSERA_MEMBER static float number(float x) { return x; }

    TESSERA_MEMBER static u32 pack(const float (&p)[4], float codeOfOne)
    {
        const u32 low = pack_e4m3(multiply(p[0], codeOfOne), multiply(p[1], codeOfOne));
        return low | pack_e4m3(multiply(p[2], codeOfOne), multiply(p[3], codeOfOne)) << 16;
    }
};

struct BFloat16Operands {
    using Code = BFloat16Code;
    using Accumulator = float;
    static constexpr int kBytes = 2;
    static constexpr int kCodesPerWord = 2;

    TESSERA_MEMBER static void scores(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { mma_bf16(d, a, b0, b1); }
    TESSERA_MEMBER static void sums(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { mma_bf16(d, a, b0, b1); }
    TESSERA_MEMBER static float number(float x) { return x; }
};

#endif
