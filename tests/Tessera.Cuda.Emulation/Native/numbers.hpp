// Number formats of the tensor cores, in software.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace tessera::emulation {

inline std::uint32_t bitsOf(float x)
{
    std::uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return bits;
}

inline float floatOf(std::uint32_t bits)
{
    float x;
    std::memcpy(&x, &bits, 4);
    return x;
}

// To nearest even; NaN stays a quiet NaN.
inline std::uint16_t bfloat16Of(float x)
{
    const std::uint32_t bits = bitsOf(x);
    if (std::isnan(x)) return 0x7fff;
    return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline float floatOfBfloat16(std::uint16_t x) { return floatOf(std::uint32_t{x} << 16); }

// E4M3 to nearest even, saturating at 448; NaN is 0x7f.
inline std::uint8_t e4m3Of(float x)
{
    const std::uint8_t sign = std::signbit(x) ? 0x80 : 0;
    if (std::isnan(x)) return 0x7f;
    const double a = std::fabs(static_cast<double>(x));
    if (a >= 448.0) return sign | 0x7e;
    int exponent = 0;
    std::frexp(a, &exponent);                                     // a = f 2^exponent, f in [1/2, 1)
    const int grid = (a < 0.015625 ? -6 : exponent - 1) - 3;      // the last bit's weight is 2^grid
    const double rounded = std::ldexp(std::nearbyint(std::ldexp(a, -grid)), grid);
    if (rounded == 0.0) return sign;
    std::frexp(rounded, &exponent);
    if (rounded < 0.015625) return sign | static_cast<std::uint8_t>(std::ldexp(rounded, 9));
    const int mantissa = static_cast<int>(std::ldexp(rounded, 3 - (exponent - 1))) - 8;
    return sign | static_cast<std::uint8_t>((exponent - 1 + 7) << 3 | mantissa);
}

inline float floatOfE4m3(std::uint8_t code)
{
    const int exponent = code >> 3 & 15, mantissa = code & 7;
    if (exponent == 15 && mantissa == 7) return std::numeric_limits<float>::quiet_NaN();
    const float value = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9) : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
    return code & 0x80 ? -value : value;
}

// A sum as narrow tensor cores make it: every addend is aligned to the largest exponent among them and keeps `bits` bits from that one's leading
// bit on, the rest is cut off toward zero; so is the sum. How many bits a GPU keeps is for a measurement to say.
inline float narrowSum(const double* addends, int count, int bits)
{
    int largest = std::numeric_limits<int>::min();
    bool finite = true;
    for (int i = 0; i < count; ++i) {
        finite = finite && std::isfinite(addends[i]);
        int exponent = 0;
        std::frexp(addends[i], &exponent);
        if (addends[i] != 0.0 && exponent > largest) largest = exponent;
    }

    double sum = 0.0;
    for (int i = 0; i < count; ++i)
        sum += finite && addends[i] != 0.0 ? std::ldexp(std::trunc(std::ldexp(addends[i], bits - largest)), largest - bits) : addends[i];
    if (!std::isfinite(sum) || sum == 0.0) return static_cast<float>(sum);
    int exponent = 0;
    std::frexp(sum, &exponent);
    return static_cast<float>(std::ldexp(std::trunc(std::ldexp(sum, bits - exponent)), exponent - bits));
}

// binary16 to and from binary32, to nearest even.
inline float floatOfHalf(std::uint16_t x)
{
    const int exponent = x >> 10 & 31, mantissa = x & 1023;
    float value;
    if (exponent == 31) value = mantissa ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
    else if (exponent == 0) value = std::ldexp(static_cast<float>(mantissa), -24);
    else value = std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
    return x & 0x8000 ? -value : value;
}

inline std::uint16_t halfOf(float x)
{
    const std::uint16_t sign = std::signbit(x) ? 0x8000 : 0;
    if (std::isnan(x)) return 0x7fff;
    const double a = std::fabs(static_cast<double>(x));
    if (a >= 65520.0) return sign | 0x7c00;
    int exponent = 0;
    std::frexp(a, &exponent);
    const int grid = (a < std::ldexp(1.0, -14) ? -14 : exponent - 1) - 10;
    const double rounded = std::ldexp(std::nearbyint(std::ldexp(a, -grid)), grid);
    if (rounded == 0.0) return sign;
    std::frexp(rounded, &exponent);
    if (rounded < std::ldexp(1.0, -14)) return sign | static_cast<std::uint16_t>(std::ldexp(rounded, 24));
    const int mantissa = static_cast<int>(std::ldexp(rounded, 10 - (exponent - 1))) - 1024;
    return sign | static_cast<std::uint16_t>((exponent - 1 + 15) << 10 | mantissa);
}

} // namespace tessera::emulation
