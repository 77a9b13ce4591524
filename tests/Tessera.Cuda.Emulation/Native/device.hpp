// The emulated device: one thread block at a time, a fiber a thread.
//
// Warp-wide instructions are rendezvous of 32 lanes. Asynchronous work happens as late as the program allows: cp.async at its wait, wgmma at
// wait_group with NaN in the accumulators until then, bulk copies at a random later time, or, in the late mode, only when no thread can go
// on (loads) or the thread waits for them (stores). The order of threads comes from a seed. When nothing can go on, the report names each
// waiting thread and what it waits for.
#pragma once
#include "fault.hpp"
#include "fiber.hpp"
#include "global_memory.hpp"
#include "shared_memory.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tessera::emulation {

// A kernel of the library. Registers itself.
struct Registration {
    const char* name;
    const char* parameterType;
    std::uint32_t parameterBytes;
    std::uint32_t threads;
    std::uint32_t sharedBytes;
    void (*run)(const void* parameters);

    Registration(const char* name, const char* parameterType, std::size_t parameterBytes, int threads, int sharedBytes, void (*run)(const void*));

    static std::vector<const Registration*>& all();
};

struct Extent {
    std::uint32_t x, y, z;
};

// How threads take turns.
struct Schedule {
    std::uint64_t seed = 0; // 0: one after the other. Odd: any thread next. Even: one warp runs on as long as it can.
    bool late = false;      // bulk copies happen only when nothing else can
    int accumulatorBits = 0; // that tensor cores keep of sums of E4M3; 0: all
};

enum class ThreadState : std::uint8_t { Ready, Waiting, Finished };

// One asynchronous copy of 16 bytes that a thread has started.
struct PendingCopy {
    std::uint32_t shared;
    std::uint64_t global;
};

// One bulk store: reads shared memory and writes global memory, at its thread's wait or before.
struct BulkStore {
    Clock started;
    std::uint32_t number; // among the stores of its thread
    std::uint32_t met;    // how often the lanes of its warp had met
    std::function<void(const Accessor&)> copy;
    bool done = false;
};

using BulkStores = std::vector<std::shared_ptr<BulkStore>>;

struct Thread {
    Fiber fiber;
    std::uint32_t index = 0;
    ThreadState state = ThreadState::Ready;
    const char* waitsFor = "";
    std::uint32_t waitsAt = 0;
    std::vector<PendingCopy> openCopies;
    std::deque<std::vector<PendingCopy>> copyGroups;
    BulkStores openStores;
    std::deque<BulkStores> storeGroups;
    int storeChannel = -1;
    std::uint32_t storesStarted = 0;
};

// One wgmma of a warp: its quarter of the 64 rows.
struct PendingProduct {
    std::function<void()> perform;
    void* accumulators;
};

struct Warp {
    std::uint32_t arrived = 0;
    const char* operation = nullptr;
    void* operands[32] = {};
    std::uint32_t met = 1; // how often its lanes have met at a barrier
    Clock clock;
    std::vector<PendingProduct> openProducts;
    std::deque<std::vector<PendingProduct>> productGroups;
    std::map<void*, std::vector<float>> inFlight; // lane 0's accumulators -> 32 lanes' true values
    bool registersFenced = false;                 // by wgmma.fence, since registers were last the threads' own
    std::uint32_t productsStarted = 0;
    std::uint32_t registers = 0;                  // of each thread
};

struct NamedBarrier {
    std::uint32_t arrived = 0;
    std::uint32_t expected = 0;
    Clock clock;
    std::vector<std::uint32_t> waiting;
};

struct MemoryBarrier {
    std::uint32_t count = 0;
    std::uint32_t pending = 0;
    std::int64_t bytes = 0;
    std::uint32_t phase = 0;
    std::uint32_t initialiser = 0; // thread
    std::uint32_t fenceTime = 0;   // of the initialiser's warp when it fenced the initialisation; 0 before
    int channel = -1;              // of bulk loads that complete here
    Clock clock;     // of arrivals of the phase under way
    Clock completed; // of the last phase that completed
    std::vector<std::uint32_t> waiting;
};

// A block under way. The prims call it through `current()`.
class Block {
public:
    void run(const Registration& kernel, Extent grid, std::uint32_t threads, std::uint32_t shared, const void* parameters, Schedule schedule);

    static Block& current();

    Extent index{};
    Thread& thread() { return threads_[running_]; }
    std::uint32_t lane() const { return running_ % 32; }
    Warp& warp() { return warps_[running_ / 32]; }
    int warpIndex() const { return static_cast<int>(running_ / 32); }
    SharedMemory& shared() { return shared_; }
    std::uint64_t random();
    int accumulatorBits() const { return schedule_.accumulatorBits; }
    bool inOrder() const { return schedule_.seed == 0; }

    // On behalf of the running thread, or of another lane of its warp.
    void readShared(void* destination, std::uint32_t address, std::uint32_t bytes, const char* what, int lane = -1);
    void writeShared(std::uint32_t address, const void* source, std::uint32_t bytes, const char* what, int lane = -1);

    // Operands of a warp's product.
    void readOperand(void* destination, std::uint32_t address, std::uint32_t bytes, const char* what);

    void meetLanes() { ++warp().met; }

    // All 32 lanes come with an operand; the last one performs.
    void collective(const char* operation, void* operand, const std::function<void(void* const*)>& perform);

    void copyAsync(std::uint32_t shared, std::uint64_t global);
    void commitCopies();
    void waitCopies(std::uint32_t pending);

    void barrier(std::uint32_t id, std::uint32_t threads, bool waits);
    void blockBarrier() { barrier(0, static_cast<std::uint32_t>(threads_.size()), true); }

    void initialiseBarrier(std::uint32_t address, std::uint32_t count);
    void arrive(std::uint32_t address, std::uint32_t bytes);
    bool phaseDone(std::uint32_t address, std::uint32_t parity);
    void waitPhase(std::uint32_t address, std::uint32_t parity);

    // Fences of the running thread: of its barriers' initialisation, and of all that it wrote for the asynchronous proxy.
    void fenceBarriers();
    void fenceProxy();

    // Tensor maps in global memory: acquired in each block before a bulk copy names them.
    void acquireMap(std::uint64_t map);
    void requireMap(std::uint64_t map);

    // Bulk copies: performed later with the clock of the starter. A load answers its bytes, which complete at its barrier.
    void startLoad(std::uint32_t barrier, std::function<std::uint32_t(const Accessor&)> copy);
    void startStore(std::function<void(const Accessor&)> copy);
    void commitStores();
    void waitStores(std::uint32_t pending);

    // Products of the tensor cores: performed at a wait of the warp.
    void agree(std::uint64_t product); // The four warps of a warpgroup must start the same products.
    void fenceProducts() { warp().registersFenced = true; }
    void startProduct(void* const* accumulators, std::uint32_t count, bool floating, std::function<void(std::vector<float>&)> perform);
    void commitProducts();
    void waitProducts(std::uint32_t pending);

    // setmaxnreg: what warps give, others may take, and wait for.
    void giveRegisters(std::uint32_t count);
    void takeRegisters(std::uint32_t count);

    [[noreturn]] void fail(const std::string& what);

private:
    Accessor accessor(int lane, Proxy proxy, const char* what);
    void runBlock(const Registration& kernel, const void* parameters);
    void pick();
    void wait(const char* what, std::uint32_t at);
    void wake(std::uint32_t thread);
    void finish(NamedBarrier& barrier);
    void completePhase(MemoryBarrier& barrier);
    MemoryBarrier& barrierAt(std::uint32_t address);
    void performOneCopy();
    void performStore(const Thread& starter, BulkStore& store);
    int newChannel();
    void completeBytes(std::uint32_t address, std::uint32_t bytes, const Clock& clock);
    void endThread();
    void endBlock();
    void tick(int warp) { ++warps_[static_cast<std::size_t>(warp)].clock.at[static_cast<std::size_t>(warp)]; }
    std::string where() const;
    std::string deadlock() const;

    static void begin(void* argument);

    const Registration* kernel_ = nullptr;
    const void* parameters_ = nullptr;
    Schedule schedule_;
    std::uint64_t state_ = 1;
    std::vector<Thread> threads_;
    std::vector<Warp> warps_;
    std::vector<std::vector<std::uint64_t>> warpgroupProducts_;
    std::uint32_t freeRegisters_ = 0; // of each thread of a warp
    std::vector<std::uint32_t> registerWaiters_;
    std::vector<std::uint32_t> ready_;
    std::size_t cursor_ = 0;
    std::uint32_t favoured_ = 0;
    std::uint32_t running_ = 0;
    std::uint32_t finished_ = 0;
    std::vector<std::uint32_t> channelTimes_;
    SharedMemory shared_;
    std::map<std::uint32_t, NamedBarrier> barriers_;
    std::map<std::uint32_t, MemoryBarrier> memoryBarriers_;
    std::map<std::uint64_t, std::vector<Clock>> acquiredMaps_;
    struct Later {
        std::uint32_t starter;
        std::shared_ptr<BulkStore> store; // null for a load
        std::uint32_t barrier;
        Clock started;
        std::function<std::uint32_t(const Accessor&)> load;
    };
    std::vector<Later> later_;
    Context scheduler_{};
    std::string fault_;
};

} // namespace tessera::emulation
