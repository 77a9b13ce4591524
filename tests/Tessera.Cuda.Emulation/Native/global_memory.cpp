#include "global_memory.hpp"

#include "fault.hpp"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace tessera::emulation {
namespace {

constexpr std::uint64_t kAlignment = 256;

// From here on memory is reserved only, zeros until touched: enough to test offsets beyond 32 bits.
constexpr std::uint64_t kReserved = 1ull << 30;

std::shared_mutex gate;
std::map<std::uint64_t, std::uint64_t> allocations; // first byte -> bytes
std::uint64_t generation = 0;                       // changes with every allocation and release

// The allocation this thread looked at last.
thread_local std::uint64_t lastFirst = 0, lastEnd = 0, lastGeneration = ~0ull;

} // namespace

void* GlobalMemory::allocate(std::uint64_t bytes)
{
    const std::uint64_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    void* pointer = nullptr;
    if (bytes >= kReserved) {
        pointer = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (pointer == MAP_FAILED) return nullptr;
    } else {
        pointer = std::aligned_alloc(kAlignment, rounded);
        if (pointer == nullptr) return nullptr;
        std::memset(pointer, 0xff, rounded);
    }

    std::unique_lock lock(gate);
    allocations[reinterpret_cast<std::uint64_t>(pointer)] = bytes;
    ++generation;
    return pointer;
}

bool GlobalMemory::release(void* pointer)
{
    std::uint64_t bytes = 0;
    {
        std::unique_lock lock(gate);
        const auto found = allocations.find(reinterpret_cast<std::uint64_t>(pointer));
        if (found == allocations.end()) return false;
        bytes = found->second;
        allocations.erase(found);
        ++generation;
    }

    if (bytes >= kReserved) {
        munmap(pointer, bytes);
    } else {
        std::free(pointer);
    }

    return true;
}

void GlobalMemory::check(std::uint64_t address, std::uint64_t bytes, std::uint64_t alignment, const char* what)
{
    char text[160];
    if (address % alignment != 0) {
        std::snprintf(text, sizeof text, "%s at 0x%llx is not aligned to %llu bytes", what, (unsigned long long)address, (unsigned long long)alignment);
        throw Fault(text);
    }

    if (generation == lastGeneration && address >= lastFirst && address + bytes <= lastEnd) return;
    std::shared_lock lock(gate);
    auto next = allocations.upper_bound(address);
    if (next != allocations.begin()) {
        const auto& [first, size] = *--next;
        if (address + bytes <= first + size) {
            lastFirst = first, lastEnd = first + size, lastGeneration = generation;
            return;
        }

        std::snprintf(text, sizeof text, "%s of %llu bytes begins %lld bytes behind the end of an allocation of %llu bytes", what,
                      (unsigned long long)bytes, (long long)(address - (first + size)), (unsigned long long)size);
        throw Fault(text);
    }

    std::snprintf(text, sizeof text, "%s at 0x%llx lies in no allocation", what, (unsigned long long)address);
    throw Fault(text);
}

} // namespace tessera::emulation
