// Shared memory of one thread block: bytes that must be written before they are read, and a happens-before check of every access.
//
// Each warp has a vector clock; barriers and mbarriers join clocks. An access by one warp must come after the last write, and a write after
// all reads, of other warps: otherwise a fault names both, whatever order the schedule happened to run them in. Asynchronous copies of the
// tensor memory accelerator are a participant of their own, ordered by the clock of the thread that started them.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tessera::emulation {

constexpr int kMaximumWarps = 32;
constexpr int kAsyncProxy = kMaximumWarps; // participant of asynchronous bulk copies
constexpr int kParticipants = kMaximumWarps + 1;

// What a participant knows to have happened.
struct Clock {
    std::array<std::uint32_t, kParticipants> at{};

    void join(const Clock& other)
    {
        for (int i = 0; i < kParticipants; ++i) at[i] = at[i] > other.at[i] ? at[i] : other.at[i];
    }
};

class SharedMemory {
public:
    // Poisons `bytes` bytes.
    void reset(std::uint32_t bytes);

    // Copies out of and into the arena on behalf of a participant that knows `clock`. `own` is its own time.
    void read(void* destination, std::uint32_t address, std::uint32_t bytes, int participant, const Clock& clock, std::uint32_t own, const char* what);
    void write(std::uint32_t address, const void* source, std::uint32_t bytes, int participant, const Clock& clock, std::uint32_t own, const char* what);

    std::uint32_t size() const { return static_cast<std::uint32_t>(bytes_.size()); }

private:
    static constexpr int kGranule = 4;

    // Last write, and last read by each participant, of four bytes.
    struct Granule {
        std::uint32_t writeTime = 0;
        std::int32_t writer = -1;
        std::array<std::uint32_t, kParticipants> readTime{};
    };

    void require(std::uint32_t address, std::uint32_t bytes, const char* what) const;
    static std::string name(int participant);
    [[noreturn]] static void race(std::uint32_t granule, const char* what, int participant, const char* earlier, int other);

    std::vector<unsigned char> bytes_;
    std::vector<Granule> granules_;
};

} // namespace tessera::emulation
