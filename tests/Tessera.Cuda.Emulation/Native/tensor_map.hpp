// A tensor map as emulated bulk copies read it: what cuTensorMapEncodeTiled hides in 128 bytes.
#pragma once
#include <cstdint>

namespace tessera::emulation {

struct TensorMap {
    static constexpr int kAxes = 5;
    static constexpr std::uint64_t kMark = 0x70616d20726f7365;

    std::uint64_t mark;
    std::uint64_t base;
    std::uint64_t extent[kAxes];        // elements, innermost first; 1 beyond the rank
    std::uint64_t stride[kAxes - 1];    // bytes from one index to the next of the second and further axes
    std::uint16_t box[kAxes];           // elements
    std::uint8_t rank;
    std::uint8_t elementBytes;
    std::uint8_t swizzle;               // 0: none, 1: 32 bytes, 2: 64, 3: 128
    std::uint8_t reserved[27];
};

static_assert(sizeof(TensorMap) == 128, "as large as CUtensorMap");

} // namespace tessera::emulation
