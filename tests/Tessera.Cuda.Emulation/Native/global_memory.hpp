// Device memory of the emulator: host memory whose every access is checked against the allocations there are.
#pragma once
#include <cstdint>

namespace tessera::emulation {

class GlobalMemory {
public:
    // Poisoned with 0xff: NaN as floats, -1 as integers. Null when there is no memory.
    static void* allocate(std::uint64_t bytes);

    // Whether it was allocated.
    static bool release(void* pointer);

    // Throws Fault unless [address, address + bytes) lies within one allocation and is aligned to `alignment`.
    static void check(std::uint64_t address, std::uint64_t bytes, std::uint64_t alignment, const char* what);
};

} // namespace tessera::emulation
