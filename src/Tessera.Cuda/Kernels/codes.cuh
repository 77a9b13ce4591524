// Number formats of codes, and the scale of a group.
//
// amax = max |x| (floored at 2^-100 unless 0), scale = amax / M, inverse = M / amax, code = round(x * inverse), all in binary32: the
// quantiser of Tessera.Quantization.Quantizer, bit for bit. A group of zeros has scale 1.
#ifndef TESSERA_CODES_CUH
#define TESSERA_CODES_CUH
#include "prims.cuh"

struct GroupScale {
    float scale;
    float inverse;
};

TESSERA_INLINE GroupScale group_scale(float largest, float maximumCode)
{
    if (largest == 0.0f) return {1.0f, 1.0f};
    const float floored = maximum(largest, 7.888609e-31f);
    return {divide(floored, maximumCode), divide(maximumCode, floored)};
}

struct Int8Code {
    static constexpr int kBytes = 1;
    static constexpr bool kScaled = true;
    static constexpr bool kPermuted = true;

    TESSERA_MEMBER static s32 round(float x, float inverse, float maximumCode)
    {
        const s32 limit = s32(maximumCode);
        return maximum(minimum(round_to_even(multiply(x, inverse)), limit), -limit);
    }

    TESSERA_MEMBER static u32 pack(const float (&x)[4], float inverse, float maximumCode)
    {
        const u32 low = permute_bytes(u32(round(x[0], inverse, maximumCode)), u32(round(x[1], inverse, maximumCode)), 0x0040);
        const u32 high = permute_bytes(u32(round(x[2], inverse, maximumCode)), u32(round(x[3], inverse, maximumCode)), 0x0040);
        return permute_bytes(low, high, 0x5410);
    }
};

struct E4M3Code {
    static constexpr int kBytes = 1;
    static constexpr bool kScaled = true;
    static constexpr bool kPermuted = true;

    TESSERA_MEMBER static u32 pack(const float (&x)[4], float inverse, float)
    {
        const u32 low = pack_e4m3(multiply(x[0], inverse), multiply(x[1], inverse));
        return low | pack_e4m3(multiply(x[2], inverse), multiply(x[3], inverse)) << 16;
    }
};

// 16-bit formats carry no scale; their "scales" are 1.
struct BFloat16Code {
    static constexpr int kBytes = 2;
    static constexpr bool kScaled = false;
    static constexpr bool kPermuted = false;
    static constexpr bool kLimited = false;

    TESSERA_MEMBER static u32 pack(float low, float high) { return pack_bf16(low, high); }
};

struct Float16Code {
    static constexpr int kBytes = 2;
    static constexpr bool kScaled = false;
    static constexpr bool kPermuted = false;
    static constexpr bool kLimited = true; // magnitudes from 65520 on round to infinity and are a fault

    TESSERA_MEMBER static u32 pack(float low, float high) { return pack_f16(low, high); }
};

#endif
