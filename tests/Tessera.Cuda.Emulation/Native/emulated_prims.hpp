// What Kernels/prims.cuh is on the emulated device: the same names, functions instead of instructions.
//
// This file is included where prims.cuh leaves off, after compat.cuh. Approximate instructions are their exact functions here, flushed as
// their names say: how far the hardware's approximations go is known to it alone.
#pragma once
#include "device.hpp"
#include "numbers.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace emulation = ::tessera::emulation;

// ---- who am I
TESSERA_INLINE u32 thread_index() { return emulation::Block::current().thread().index; }
TESSERA_INLINE u32 block_x() { return emulation::Block::current().index.x; }
TESSERA_INLINE u32 block_y() { return emulation::Block::current().index.y; }

// ---- bits and bytes
TESSERA_INLINE u32 bits_of(float x) { return emulation::bitsOf(x); }
TESSERA_INLINE float float_of(u32 x) { return emulation::floatOf(x); }

TESSERA_INLINE u32 permute_bytes(u32 a, u32 b, u32 selector)
{
    const u64 bytes = u64(b) << 32 | a;
    u32 result = 0;
    for (int i = 0; i < 4; ++i) {
        const u32 nibble = selector >> (4 * i) & 15;
        const u32 byte = u32(bytes >> (8 * (nibble & 7)) & 0xff);
        result |= (nibble & 8 ? (byte & 0x80 ? 0xffu : 0u) : byte) << (8 * i);
    }

    return result;
}

TESSERA_INLINE u32 sum_of_bytes(u32 bytes, u32 sum) { return sum + (bytes & 255) + (bytes >> 8 & 255) + (bytes >> 16 & 255) + (bytes >> 24); }

// ---- arithmetic; the build forbids contraction
TESSERA_INLINE float multiply(float a, float b) { return a * b; }
TESSERA_INLINE float multiply_up(float a, float b)
{
    const float nearest = a * b;
    return double(nearest) < double(a) * b ? std::nextafter(nearest, INFINITY) : nearest;
}

TESSERA_INLINE float subtract(float a, float b) { return a - b; }
TESSERA_INLINE float divide(float a, float b) { return a / b; }
TESSERA_INLINE float multiply_add(float a, float b, float c) { return std::fma(a, b, c); }

TESSERA_INLINE float multiply_add_truncated(float a, float b, float c)
{
    const double exact = double(a) * b;                 // 48 bits
    const double sum = exact + c;                       // rounded once to 53 bits
    const double error = (exact - (sum - (sum - exact))) + (c - (sum - exact));
    float nearest = float(sum);
    const double over = (double(nearest) - sum) - error; // how far the nearest float lies beyond the exact sum
    if (sum > 0 && over > 0) nearest = std::nextafter(nearest, 0.0f);
    if (sum < 0 && over < 0) nearest = std::nextafter(nearest, 0.0f);
    return nearest;
}

// NaN loses to a number; of two zeros the positive one is larger.
TESSERA_INLINE float maximum(float a, float b) { return a == b ? (std::signbit(a) ? b : a) : std::fmax(a, b); }
TESSERA_INLINE float magnitude(float a) { return std::fabs(a); }
TESSERA_INLINE float flushed(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }
TESSERA_INLINE float exp2_approximate(float x) { return flushed(std::exp2(flushed(x))); }
TESSERA_INLINE float log2_approximate(float x) { return std::log2(flushed(x)); }
TESSERA_INLINE s32 minimum(s32 a, s32 b) { return a < b ? a : b; }
TESSERA_INLINE s32 maximum(s32 a, s32 b) { return a > b ? a : b; }

// ---- conversions. Integer conversion saturates, and NaN becomes 0.
TESSERA_INLINE s32 round_to_even(float x)
{
    if (std::isnan(x)) return 0;
    const double rounded = std::nearbyint(double(x));
    return rounded >= 2147483647.0 ? 2147483647 : rounded <= -2147483648.0 ? -2147483647 - 1 : s32(rounded);
}

TESSERA_INLINE float widen_half(u16 x) { return emulation::floatOfHalf(x); }
TESSERA_INLINE u16 narrow_half(float x) { return emulation::halfOf(x); }
TESSERA_INLINE u32 pack_f16(float low, float high) { return emulation::halfOf(low) | u32(emulation::halfOf(high)) << 16; }
TESSERA_INLINE u32 pack_bf16(float low, float high) { return emulation::bfloat16Of(low) | u32(emulation::bfloat16Of(high)) << 16; }
TESSERA_INLINE u32 pack_e4m3(float low, float high) { return emulation::e4m3Of(low) | u32(emulation::e4m3Of(high)) << 8; }

// ---- global memory
template <class T>
TESSERA_INLINE T load_checked(u64 address, const char* what)
{
    emulation::GlobalMemory::check(address, sizeof(T), sizeof(T), what);
    T value;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof(T));
    return value;
}

template <class T>
TESSERA_INLINE void store_checked(u64 address, T value, const char* what)
{
    emulation::GlobalMemory::check(address, sizeof(T), sizeof(T), what);
    std::memcpy(reinterpret_cast<void*>(address), &value, sizeof(T));
}

TESSERA_INLINE u16 load_u16(u64 address) { return load_checked<u16>(address, "load"); }
TESSERA_INLINE s32 load_s32(u64 address) { return load_checked<s32>(address, "load"); }
TESSERA_INLINE u64 load_u64(u64 address) { return load_checked<u64>(address, "load"); }
TESSERA_INLINE float load_f32(u64 address) { return load_checked<float>(address, "load"); }
TESSERA_INLINE double load_f64(u64 address) { return load_checked<double>(address, "load"); }
TESSERA_INLINE f32x2 load_f32x2(u64 address) { return load_checked<f32x2>(address, "load"); }
TESSERA_INLINE f32x4 load_f32x4(u64 address) { return load_checked<f32x4>(address, "load"); }
TESSERA_INLINE u32x2 load_u32x2(u64 address) { return load_checked<u32x2>(address, "load"); }
TESSERA_INLINE void store_u16(u64 address, u16 x) { store_checked(address, x, "store"); }
TESSERA_INLINE void store_u32(u64 address, u32 x) { store_checked(address, x, "store"); }
TESSERA_INLINE void store_f32(u64 address, float x) { store_checked(address, x, "store"); }
TESSERA_INLINE void store_f64(u64 address, double x) { store_checked(address, x, "store"); }
TESSERA_INLINE void store_f32x2(u64 address, f32x2 x) { store_checked(address, x, "store"); }
TESSERA_INLINE void store_u32x2(u64 address, u32x2 x) { store_checked(address, x, "store"); }
TESSERA_INLINE void store_u32x4(u64 address, u32x4 x) { store_checked(address, x, "store"); }

TESSERA_INLINE void reduce_maximum(u64 address, u32 x)
{
    emulation::GlobalMemory::check(address, 4, 4, "reduction");
    u32* word = reinterpret_cast<u32*>(address);
    if (x > *word) *word = x;
}

// ---- shared memory
TESSERA_INLINE u32 shared_base() { return 0; }

template <class T>
TESSERA_INLINE T load_shared(u32 address)
{
    T value;
    emulation::Block::current().readShared(&value, address, sizeof(T), "load");
    return value;
}

TESSERA_INLINE float load_shared_f32(u32 address) { return load_shared<float>(address); }
TESSERA_INLINE f32x2 load_shared_f32x2(u32 address) { return load_shared<f32x2>(address); }
TESSERA_INLINE void store_shared_f32(u32 address, float x) { emulation::Block::current().writeShared(address, &x, 4, "store"); }
TESSERA_INLINE void store_shared_f32x4(u32 address, f32x4 x) { emulation::Block::current().writeShared(address, &x, 16, "store"); }

TESSERA_INLINE void load_matrices(u32 (&r)[4], u32 address)
{
    struct Operand { u32* r; u32 address; } mine = {r, address};
    emulation::Block::current().collective("ldmatrix", &mine, [](void* const* lanes) {
        for (int matrix = 0; matrix < 4; ++matrix) {
            for (int row = 0; row < 8; ++row) {
                u32 words[4];
                emulation::Block::current().readShared(words, static_cast<Operand*>(lanes[8 * matrix + row])->address, 16, "ldmatrix", 8 * matrix + row);
                for (int i = 0; i < 4; ++i) static_cast<Operand*>(lanes[4 * row + i])->r[matrix] = words[i];
            }
        }
    });
}

// ---- asynchronous copies
TESSERA_INLINE void copy_async(u32 shared, u64 global) { emulation::Block::current().copyAsync(shared, global); }
TESSERA_INLINE void copy_async_commit() { emulation::Block::current().commitCopies(); }
template <int kPending> TESSERA_INLINE void copy_async_wait() { emulation::Block::current().waitCopies(kPending); }

// ---- threads together
TESSERA_INLINE void block_barrier() { emulation::Block::current().blockBarrier(); }

TESSERA_INLINE float shuffle_xor(float x, u32 mask)
{
    struct Operand { float in, out; u32 mask; } mine = {x, 0.0f, mask};
    emulation::Block::current().collective("shfl", &mine, [](void* const* lanes) {
        for (u32 l = 0; l < 32; ++l) {
            Operand& lane = *static_cast<Operand*>(lanes[l]);
            lane.out = static_cast<Operand*>(lanes[l ^ lane.mask])->in;
        }
    });
    return mine.out;
}

TESSERA_INLINE bool any_lane(bool x)
{
    struct Operand { bool in, out; } mine = {x, false};
    emulation::Block::current().collective("vote", &mine, [](void* const* lanes) {
        bool any = false;
        for (u32 l = 0; l < 32; ++l) any |= static_cast<Operand*>(lanes[l])->in;
        for (u32 l = 0; l < 32; ++l) static_cast<Operand*>(lanes[l])->out = any;
    });
    return mine.out;
}

// ---- tensor cores
struct EmulatedProduct {
    void* d;
    const u32* a;
    u32 b[2];
};

// accumulator + x . y, exact and rounded once; of E4M3 as narrow as the device is told to be.
template <bool kNarrow, class Accumulator, class Sum, int kElements>
TESSERA_INLINE Accumulator emulated_dot(Accumulator accumulator, const Sum (&x)[kElements], const Sum (&y)[kElements])
{
    if constexpr (kNarrow) {
        if (const int bits = emulation::Block::current().accumulatorBits()) {
            double addends[kElements + 1];
            for (int k = 0; k < kElements; ++k) addends[k] = x[k] * y[k];
            addends[kElements] = accumulator;
            return emulation::narrowSum(addends, kElements + 1, bits);
        }
    }

    Sum sum = Sum(accumulator);
    for (int k = 0; k < kElements; ++k) sum += x[k] * y[k];
    return Accumulator(sum);
}

// Gathers both operands as bytes, then D += A B^T.
template <class Accumulator, class Sum, int kElements, bool kNarrow = false, class A, class B>
TESSERA_INLINE void emulated_product(const char* name, Accumulator (&d)[4], const u32 (&a)[4], u32 b0, u32 b1, A decodeA, B decodeB)
{
    EmulatedProduct mine = {d, a, {b0, b1}};
    emulation::Block::current().collective(name, &mine, [&](void* const* lanes) {
        u32 rows[16][8], columns[8][8];
        for (u32 l = 0; l < 32; ++l) {
            const EmulatedProduct& lane = *static_cast<EmulatedProduct*>(lanes[l]);
            const u32 g = l / 4, c = l % 4;
            rows[g][c] = lane.a[0];
            rows[g + 8][c] = lane.a[1];
            rows[g][4 + c] = lane.a[2];
            rows[g + 8][4 + c] = lane.a[3];
            columns[g][c] = lane.b[0];
            columns[g][4 + c] = lane.b[1];
        }

        Sum left[16][kElements], right[8][kElements];
        for (int i = 0; i < 16; ++i) for (int k = 0; k < kElements; ++k) left[i][k] = decodeA(rows[i], k);
        for (int j = 0; j < 8; ++j) for (int k = 0; k < kElements; ++k) right[j][k] = decodeB(columns[j], k);
        for (u32 l = 0; l < 32; ++l) {
            Accumulator* out = static_cast<Accumulator*>(static_cast<EmulatedProduct*>(lanes[l])->d);
            for (u32 i = 0; i < 4; ++i) {
                out[i] = emulated_dot<kNarrow>(out[i], left[l / 4 + 8 * (i / 2)], right[2 * (l % 4) + i % 2]);
            }
        }
    });
}

TESSERA_INLINE int emulated_s8(const u32* words, int k) { return reinterpret_cast<const signed char*>(words)[k]; }
TESSERA_INLINE int emulated_u8(const u32* words, int k) { return reinterpret_cast<const unsigned char*>(words)[k]; }
TESSERA_INLINE double emulated_e4m3(const u32* words, int k) { return emulation::floatOfE4m3(reinterpret_cast<const unsigned char*>(words)[k]); }
TESSERA_INLINE double emulated_f16(const u32* words, int k) { return emulation::floatOfHalf(u16(words[k / 2] >> (16 * (k % 2)))); }
TESSERA_INLINE double emulated_bf16(const u32* words, int k) { return emulation::floatOfBfloat16(u16(words[k / 2] >> (16 * (k % 2)))); }

TESSERA_INLINE void mma_s8_s8(s32 (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { emulated_product<s32, s32, 32>("mma s8 s8", d, a, b0, b1, emulated_s8, emulated_s8); }
TESSERA_INLINE void mma_u8_s8(s32 (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { emulated_product<s32, s32, 32>("mma u8 s8", d, a, b0, b1, emulated_u8, emulated_s8); }
TESSERA_INLINE void mma_s8_s8_from(s32 (&d)[4], s32 start, const u32 (&a)[4], u32 b0, u32 b1)
{
    d[0] = d[1] = d[2] = d[3] = start;
    mma_s8_s8(d, a, b0, b1);
}

TESSERA_INLINE void mma_u8_s8_from(s32 (&d)[4], s32 start, const u32 (&a)[4], u32 b0, u32 b1)
{
    d[0] = d[1] = d[2] = d[3] = start;
    mma_u8_s8(d, a, b0, b1);
}

TESSERA_INLINE void mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { emulated_product<float, double, 16>("mma bf16", d, a, b0, b1, emulated_bf16, emulated_bf16); }
TESSERA_INLINE void mma_f16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { emulated_product<float, double, 16>("mma f16", d, a, b0, b1, emulated_f16, emulated_f16); }
TESSERA_INLINE void mma_e4m3(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { emulated_product<float, double, 32, true>("mma e4m3", d, a, b0, b1, emulated_e4m3, emulated_e4m3); }
