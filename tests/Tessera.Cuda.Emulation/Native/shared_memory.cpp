#include "shared_memory.hpp"

#include "fault.hpp"

#include <cstdio>
#include <cstring>

namespace tessera::emulation {

void SharedMemory::reset(std::uint32_t bytes)
{
    bytes_.assign(bytes, 0xff);
    granules_.assign((bytes + kGranule - 1) / kGranule, Granule{});
}

std::string SharedMemory::name(int participant)
{
    return participant == kAsyncProxy ? "a bulk copy" : "warp " + std::to_string(participant);
}

void SharedMemory::race(std::uint32_t granule, const char* what, int participant, const char* earlier, int other)
{
    const std::string by = participant == kAsyncProxy ? "" : " by " + name(participant);
    throw Fault("race at shared byte " + std::to_string(granule * kGranule) + ": " + what + by + " is not ordered after a " + earlier + " by " + name(other));
}

void SharedMemory::require(std::uint32_t address, std::uint32_t bytes, const char* what) const
{
    char text[160];
    const std::uint32_t width = bytes < 16 ? bytes : 16;
    if (width != 0 && address % width != 0) {
        std::snprintf(text, sizeof text, "%s at shared byte %u is not aligned to %u bytes", what, address, width);
        throw Fault(text);
    }

    if (address > bytes_.size() || bytes > bytes_.size() - address) {
        std::snprintf(text, sizeof text, "%s of %u bytes at shared byte %u leaves the %zu bytes of the launch", what, bytes, address, bytes_.size());
        throw Fault(text);
    }
}

void SharedMemory::read(
    void* destination, std::uint32_t address, std::uint32_t bytes, int participant, const Clock& clock, std::uint32_t own, const char* what)
{
    require(address, bytes, what);
    for (std::uint32_t granule = address / kGranule; granule * kGranule < address + bytes; ++granule) {
        Granule& state = granules_[granule];
        if (state.writer < 0) throw Fault(std::string(what) + " reads shared byte " + std::to_string(granule * kGranule) + ", which nobody wrote");
        if (state.writer != participant && clock.at[state.writer] < state.writeTime)
            race(granule, what, participant, "write", state.writer);
        state.readTime[participant] = own;
    }

    std::memcpy(destination, &bytes_[address], bytes);
}

void SharedMemory::write(
    std::uint32_t address, const void* source, std::uint32_t bytes, int participant, const Clock& clock, std::uint32_t own, const char* what)
{
    require(address, bytes, what);
    for (std::uint32_t granule = address / kGranule; granule * kGranule < address + bytes; ++granule) {
        Granule& state = granules_[granule];
        if (state.writer >= 0 && state.writer != participant && clock.at[state.writer] < state.writeTime)
            race(granule, what, participant, "write", state.writer);
        for (int other = 0; other < kParticipants; ++other) {
            if (other != participant && clock.at[other] < state.readTime[other])
                race(granule, what, participant, "read", other);
        }

        state.writer = participant;
        state.writeTime = own;
    }

    std::memcpy(&bytes_[address], source, bytes);
}

} // namespace tessera::emulation
