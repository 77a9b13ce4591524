// Tensor maps and the copies they describe.
#pragma once
#include "emulated_prims.hpp"
#include "tensor_map.hpp"

// Where the 16 bytes at `address` stand: bits 4, 4-5 or 4-6 take the exclusive or of as many bits from 7 on.
TESSERA_INLINE u32 emulated_swizzle(u32 address, u32 mode) { return address ^ (address >> 3 & (0x70u >> (3 - mode) & 0x70u)); }

template <int kRank>
TESSERA_INLINE emulation::TensorMap emulated_tensor_map(u64 map, u32 shared)
{
    emulation::Block& block = emulation::Block::current();
    emulation::GlobalMemory::check(map, sizeof(emulation::TensorMap), 128, "tensor map");
    block.requireMap(map);
    emulation::TensorMap tensor;
    std::memcpy(&tensor, reinterpret_cast<const void*>(map), sizeof tensor);
    if (tensor.mark != emulation::TensorMap::kMark) block.fail("no tensor map stands where a bulk copy looks for one");
    if (tensor.rank != kRank) block.fail("a bulk copy of " + std::to_string(kRank) + " axes names a tensor map of " + std::to_string(tensor.rank));
    const u32 row = 16u << tensor.swizzle;
    if (tensor.swizzle != 0 && (shared % (8 * row) != 0 || u32(tensor.box[0]) * tensor.elementBytes != row))
        block.fail("a box swizzled over " + std::to_string(row) + " bytes needs rows of as many and an address that " + std::to_string(8 * row) + " divides");
    if (shared % 128 != 0) block.fail("a bulk copy needs 128-byte alignment");
    return tensor;
}

// Calls visit(shared address, global address, first byte, bytes) for every 16 bytes of a box: those of them that lie in the tensor.
template <class Visit>
TESSERA_INLINE u32 emulated_box(const emulation::TensorMap& tensor, u32 shared, const std::array<s64, 5>& first, const Visit& visit)
{
    const s64 width = 16 / tensor.elementBytes;
    u32 done = 0;
    std::array<s64, 5> at{};
    for (at[4] = 0; at[4] < tensor.box[4]; ++at[4])
        for (at[3] = 0; at[3] < tensor.box[3]; ++at[3])
            for (at[2] = 0; at[2] < tensor.box[2]; ++at[2])
                for (at[1] = 0; at[1] < tensor.box[1]; ++at[1])
                    for (at[0] = 0; at[0] < tensor.box[0]; at[0] += width, done += 16) {
                        bool inside = true;
                        s64 offset = 0;
                        for (int axis = 1; axis < 5; ++axis) {
                            const s64 index = first[axis] + at[axis];
                            inside = inside && index >= 0 && u64(index) < tensor.extent[axis];
                            offset += index * s64(tensor.stride[axis - 1]);
                        }

                        const s64 x = first[0] + at[0];
                        const s64 low = inside ? std::clamp<s64>(-x, 0, width) : 0;
                        const s64 high = inside ? std::clamp<s64>(s64(tensor.extent[0]) - x, low, width) : 0;
                        visit(emulated_swizzle(shared + done, tensor.swizzle), tensor.base + u64(offset + (x + low) * tensor.elementBytes),
                              u32(low) * tensor.elementBytes, u32(high - low) * tensor.elementBytes);
                    }

    return done;
}

// Elements outside of the tensor are zeros, and count among the bytes all the same.
template <int kRank>
TESSERA_INLINE void emulated_bulk_load(u32 shared, u64 map, u32 barrier, std::array<s64, 5> first)
{
    const emulation::TensorMap tensor = emulated_tensor_map<kRank>(map, shared);
    emulation::Block::current().startLoad(barrier, [=](const emulation::Accessor& by) {
        return emulated_box(tensor, shared, first, [&](u32 target, u64 source, u32 low, u32 bytes) {
            unsigned char chunk[16] = {};
            if (bytes != 0) {
                emulation::GlobalMemory::check(source, bytes, tensor.elementBytes, "bulk load");
                std::memcpy(chunk + low, reinterpret_cast<const void*>(source), bytes);
            }

            emulation::Block::current().shared().write(target, chunk, 16, by);
        });
    });
}

// Elements outside of the tensor are not written.
template <int kRank>
TESSERA_INLINE void emulated_bulk_store(u64 map, u32 shared, std::array<s64, 5> first)
{
    const emulation::TensorMap tensor = emulated_tensor_map<kRank>(map, shared);
    emulation::Block::current().startStore([=](const emulation::Accessor& by) {
        emulated_box(tensor, shared, first, [&](u32 source, u64 target, u32 low, u32 bytes) {
            unsigned char chunk[16];
            emulation::Block::current().shared().read(chunk, source, 16, by);
            if (bytes == 0) return;
            emulation::GlobalMemory::check(target, bytes, tensor.elementBytes, "bulk store");
            std::memcpy(reinterpret_cast<void*>(target), chunk + low, bytes);
        });
    });
}
