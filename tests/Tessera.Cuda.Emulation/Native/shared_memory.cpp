#include "shared_memory.hpp"

#include "fault.hpp"

#include <cstdio>
#include <cstring>

namespace tessera::emulation {

void SharedMemory::reset(std::uint32_t bytes, int warps)
{
    warps_ = warps;
    stride_ = static_cast<std::size_t>(warps + kChannels);
    bytes_.assign(bytes, 0xff);
    granules_.assign((bytes + kGranule - 1) / kGranule, Granule{});
    readTimes_.assign(granules_.size() * stride_, 0);
    fences_.assign(32 * static_cast<std::size_t>(warps), {});
}

std::string SharedMemory::name(int participant)
{
    return participant >= kMaximumWarps ? "a bulk copy" : "warp " + std::to_string(participant);
}

void SharedMemory::race(std::uint32_t granule, const Accessor& by, const char* earlier, int other)
{
    const std::string who = by.participant >= kMaximumWarps ? "" : " by " + name(by.participant);
    throw Fault("race at shared byte " + std::to_string(granule * kGranule) + ": " + by.what + who + " is not ordered after a " + earlier + " by " + name(other));
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

void SharedMemory::requireFence(std::uint32_t granule, const Accessor& by) const
{
    const Granule& state = granules_[granule];
    if (by.proxy == Proxy::Generic || state.thread < 0) return;
    const std::vector<std::uint32_t>& fences = fences_[static_cast<std::size_t>(state.thread)];
    const auto warp = static_cast<std::size_t>(state.thread / 32);
    const bool fenced = state.fences < fences.size();
    if (fenced && by.clock.at[warp] >= fences[state.fences]) return;
    throw Fault("not fenced for the asynchronous proxy: " + std::string(by.what) + " meets shared byte " + std::to_string(granule * kGranule) + ", which thread "
                + std::to_string(state.thread) + " (warp " + std::to_string(warp) + ") wrote " + (fenced ? "and fenced too late" : "without a fence.proxy.async behind it"));
}

void SharedMemory::requireMeeting(std::uint32_t granule, const Accessor& by) const
{
    const Granule& state = granules_[granule];
    if (state.thread < 0 || state.thread == by.thread || state.thread / 32 != by.thread / 32 || state.met < by.met) return;
    throw Fault("race at shared byte " + std::to_string(granule * kGranule) + ": " + by.what + " by lane " + std::to_string(by.thread % 32) + " of warp "
                + std::to_string(by.thread / 32) + " reads what lane " + std::to_string(state.thread % 32) + " wrote, and no barrier of the warp stands between");
}

void SharedMemory::read(void* destination, std::uint32_t address, std::uint32_t bytes, const Accessor& by)
{
    require(address, bytes, by.what);
    for (std::uint32_t granule = address / kGranule; granule * kGranule < address + bytes; ++granule) {
        const Granule& state = granules_[granule];
        if (state.writer < 0) throw Fault(std::string(by.what) + " reads shared byte " + std::to_string(granule * kGranule) + ", which nobody wrote");
        if (state.writer != by.participant && by.clock.at[static_cast<std::size_t>(state.writer)] < state.time) race(granule, by, "write", state.writer);
        requireMeeting(granule, by);
        requireFence(granule, by);
        readTimes(granule)[column(by.participant)] = by.own;
    }

    std::memcpy(destination, &bytes_[address], bytes);
}

void SharedMemory::write(std::uint32_t address, const void* source, std::uint32_t bytes, const Accessor& by)
{
    require(address, bytes, by.what);
    const bool generic = by.proxy == Proxy::Generic;
    for (std::uint32_t granule = address / kGranule; granule * kGranule < address + bytes; ++granule) {
        Granule& state = granules_[granule];
        if (state.writer >= 0 && state.writer != by.participant && by.clock.at[static_cast<std::size_t>(state.writer)] < state.time)
            race(granule, by, "write", state.writer);
        const std::uint32_t* read = readTimes(granule);
        for (int other = 0; other < warps_; ++other) {
            if (other != by.participant && by.clock.at[static_cast<std::size_t>(other)] < read[other]) race(granule, by, "read", other);
        }

        for (int other = kMaximumWarps; other < kParticipants; ++other) {
            if (other != by.participant && by.clock.at[static_cast<std::size_t>(other)] < read[column(other)]) race(granule, by, "read", other);
        }

        requireFence(granule, by);
        state.writer = static_cast<std::int16_t>(by.participant);
        state.time = by.own;
        state.thread = static_cast<std::int16_t>(generic ? by.thread : -1);
        state.met = by.met;
        state.fences = generic ? static_cast<std::uint32_t>(fences_[static_cast<std::size_t>(by.thread)].size()) : 0;
    }

    std::memcpy(&bytes_[address], source, bytes);
}

} // namespace tessera::emulation
