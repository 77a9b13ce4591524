// What tests call: memory, launches, and the facts of the kernels.
#include "device.hpp"
#include "tensor_map.hpp"

#include <cstring>
#include <memory>

using namespace tessera::emulation;

#define TESSERA_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

void say(char* message, std::uint64_t bytes, const char* text)
{
    if (message == nullptr || bytes == 0) return;
    std::strncpy(message, text, bytes - 1);
    message[bytes - 1] = '\0';
}

} // namespace

TESSERA_EXPORT void* tessera_emulation_allocate(std::uint64_t bytes) { return GlobalMemory::allocate(bytes); }

TESSERA_EXPORT int tessera_emulation_release(void* pointer) { return GlobalMemory::release(pointer) ? 0 : 1; }

// 0 when [address, address + bytes) lies within an allocation.
TESSERA_EXPORT int tessera_emulation_check(std::uint64_t address, std::uint64_t bytes, char* message, std::uint64_t messageBytes)
{
    try {
        GlobalMemory::check(address, bytes, 1, "copy");
        return 0;
    } catch (const Fault& fault) {
        say(message, messageBytes, fault.what());
        return 1;
    }
}

// What cuTensorMapEncodeTiled is asked for, into 128 bytes. 1: a type or rank that is not emulated.
TESSERA_EXPORT int tessera_emulation_encode_map(
    void* encoded, std::uint32_t type, std::uint32_t rank, std::uint64_t address, const std::uint64_t* extents, const std::uint64_t* strides,
    const std::uint32_t* box, std::uint32_t swizzle)
{
    // By CUtensorMapDataType: 8, 16, 32, 32, 64, 64 bits of integers, then binary16, 32 and 64, and bfloat16.
    constexpr std::uint8_t bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2};
    if (type >= sizeof bytes || rank < 1 || rank > TensorMap::kAxes || swizzle > 3) return 1;
    TensorMap map{};
    map.mark = TensorMap::kMark;
    map.base = address;
    for (std::uint32_t axis = 0; axis < TensorMap::kAxes; ++axis) {
        map.extent[axis] = axis < rank ? extents[axis] : 1;
        map.box[axis] = static_cast<std::uint16_t>(axis < rank ? box[axis] : 1);
        if (axis + 1 < rank) map.stride[axis] = strides[axis];
    }

    map.rank = static_cast<std::uint8_t>(rank);
    map.elementBytes = bytes[type];
    map.swizzle = static_cast<std::uint8_t>(swizzle);
    std::memcpy(encoded, &map, sizeof map);
    return 0;
}

struct TesseraKernelFacts {
    const char* name;
    const char* parameterType;
    std::uint32_t parameterBytes;
    std::uint32_t threads;
    std::uint32_t sharedBytes;
};

TESSERA_EXPORT std::uint32_t tessera_emulation_kernels() { return static_cast<std::uint32_t>(Registration::all().size()); }

TESSERA_EXPORT void tessera_emulation_kernel(std::uint32_t number, TesseraKernelFacts* facts)
{
    const Registration& kernel = *Registration::all()[number];
    *facts = {kernel.name, kernel.parameterType, kernel.parameterBytes, kernel.threads, kernel.sharedBytes};
}

// 0: done. 1: no kernel of that name. 2: parameters of another size. 3: a fault; the message tells. Sums of E4M3 keep accumulatorBits bits.
TESSERA_EXPORT int tessera_emulation_launch_narrow(
    const char* name, std::uint32_t gridX, std::uint32_t gridY, std::uint32_t gridZ, std::uint32_t threads, std::uint32_t sharedBytes,
    const void* parameters, std::uint64_t parameterBytes, std::uint64_t seed, std::uint32_t late, std::uint32_t accumulatorBits, char* message,
    std::uint64_t messageBytes)
{
    for (const Registration* kernel : Registration::all()) {
        if (std::strcmp(kernel->name, name) != 0) continue;
        if (kernel->parameterBytes != parameterBytes) return 2;

        // Parameters stand in memory of their own, which the copy engine may read too: a tensor map by value is one.
        const std::unique_ptr<void, void (*)(void*)> copy(GlobalMemory::allocate(parameterBytes), [](void* memory) { GlobalMemory::release(memory); });
        std::memcpy(copy.get(), parameters, parameterBytes);
        try {
            Block block;
            block.run(*kernel, {gridX, gridY, gridZ}, threads, sharedBytes, copy.get(), {seed, late != 0, static_cast<int>(accumulatorBits)});
            return 0;
        } catch (const std::exception& fault) {
            say(message, messageBytes, fault.what());
            return 3;
        }
    }

    return 1;
}

// With sums of all bits.
TESSERA_EXPORT int tessera_emulation_launch(
    const char* name, std::uint32_t gridX, std::uint32_t gridY, std::uint32_t gridZ, std::uint32_t threads, std::uint32_t sharedBytes,
    const void* parameters, std::uint64_t parameterBytes, std::uint64_t seed, std::uint32_t late, char* message, std::uint64_t messageBytes)
{
    return tessera_emulation_launch_narrow(
        name, gridX, gridY, gridZ, threads, sharedBytes, parameters, parameterBytes, seed, late, 0, message, messageBytes);
}
