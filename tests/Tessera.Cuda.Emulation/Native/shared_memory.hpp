// Shared memory of one thread block: bytes that must be written before they are read, and a happens-before check of every access.
//
// Each warp has a vector clock; barriers and mbarriers join clocks. An access by one warp must come after the last write, and a write after
// all reads, of other warps: otherwise a fault names both, whatever order the schedule happened to run them in. Bulk copies are participants
// of their own, a channel for each mbarrier they complete at and for each thread that stores, ordered by the clock of the thread that started
// them: to know that one copy is done is not to know it of another.
//
// What threads write (generic proxy) the asynchronous proxy (bulk copies, operands of wgmma) sees only behind a fence.proxy.async of the
// thread that wrote, which itself must be ordered before the access.
//
// Within a warp, what one lane wrote another may read once the warp has met at a barrier; lanes that do not meet have no order.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tessera::emulation {

constexpr int kMaximumWarps = 32;
constexpr int kChannels = 24; // of bulk copies
constexpr int kParticipants = kMaximumWarps + kChannels;

// What a participant knows to have happened.
struct Clock {
    std::array<std::uint32_t, kParticipants> at{};

    void join(const Clock& other)
    {
        for (int i = 0; i < kParticipants; ++i) at[i] = at[i] > other.at[i] ? at[i] : other.at[i];
    }
};

enum class Proxy : std::uint8_t { Generic, Asynchronous };

constexpr std::uint32_t kAnyLane = 0xffffffff;

// Who touches shared memory, and what it knows.
struct Accessor {
    int participant;    // a warp, or kMaximumWarps + a channel
    int thread;         // of the block
    Proxy proxy;
    const Clock& clock;
    std::uint32_t own;  // the participant's own time
    std::uint32_t met;  // how often the lanes of the thread's warp have met; kAnyLane where it is all of them
    const char* what;   // the instruction
};

class SharedMemory {
public:
    // Poisons `bytes` bytes of a block of `warps` warps.
    void reset(std::uint32_t bytes, int warps);

    void read(void* destination, std::uint32_t address, std::uint32_t bytes, const Accessor& by);
    void write(std::uint32_t address, const void* source, std::uint32_t bytes, const Accessor& by);

    // fence.proxy.async of a thread, at this time of its warp.
    void fence(int thread, std::uint32_t time) { fences_[static_cast<std::size_t>(thread)].push_back(time); }

    std::uint32_t size() const { return static_cast<std::uint32_t>(bytes_.size()); }

private:
    static constexpr int kGranule = 4;

    // Last write of four bytes.
    struct Granule {
        std::uint32_t time = 0;
        std::uint32_t fences = 0;   // that its thread had executed before
        std::uint32_t met = 0;      // how often the lanes of its warp had met before
        std::int16_t writer = -1;   // participant
        std::int16_t thread = -1;   // of the generic proxy
    };

    void require(std::uint32_t address, std::uint32_t bytes, const char* what) const;
    void requireFence(std::uint32_t granule, const Accessor& by) const;
    void requireMeeting(std::uint32_t granule, const Accessor& by) const;
    std::uint32_t* readTimes(std::uint32_t granule) { return &readTimes_[std::size_t{granule} * stride_]; }
    std::size_t column(int participant) const { return static_cast<std::size_t>(participant < kMaximumWarps ? participant : participant - kMaximumWarps + warps_); }
    static std::string name(int participant);
    [[noreturn]] static void race(std::uint32_t granule, const Accessor& by, const char* earlier, int other);

    int warps_ = 0;
    std::size_t stride_ = 0;
    std::vector<unsigned char> bytes_;
    std::vector<Granule> granules_;
    std::vector<std::uint32_t> readTimes_;              // of each granule: last read by each warp and channel
    std::vector<std::vector<std::uint32_t>> fences_;    // of each thread: times of its warp
};

} // namespace tessera::emulation
