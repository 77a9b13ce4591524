#include "device.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

namespace tessera::emulation {
namespace {

constexpr std::uint32_t kRegisters = 65536; // of a multiprocessor; a kernel that moves them between warps runs alone on it

thread_local Block* currentBlock = nullptr;

// Stacks of one operating-system thread, kept between launches.
class Stacks {
public:
    ~Stacks()
    {
        if (memory_ != nullptr) munmap(memory_, count_ * Fiber::kStackBytes);
    }

    unsigned char* get(std::size_t count)
    {
        if (count > count_) {
            if (memory_ != nullptr) munmap(memory_, count_ * Fiber::kStackBytes);
            count_ = count;
            void* memory = mmap(nullptr, count_ * Fiber::kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            memory_ = memory == MAP_FAILED ? nullptr : static_cast<unsigned char*>(memory);
            if (memory_ == nullptr) throw Fault("no memory for the stacks of a block");
        }

        return memory_;
    }

private:
    unsigned char* memory_ = nullptr;
    std::size_t count_ = 0;
};

thread_local Stacks stacks;

} // namespace

Registration::Registration(
    const char* name, const char* parameterType, std::size_t parameterBytes, int threads, int sharedBytes, void (*run)(const void*))
    : name(name), parameterType(parameterType), parameterBytes(static_cast<std::uint32_t>(parameterBytes)),
      threads(static_cast<std::uint32_t>(threads)), sharedBytes(static_cast<std::uint32_t>(sharedBytes)), run(run)
{
    all().push_back(this);
}

std::vector<const Registration*>& Registration::all()
{
    static std::vector<const Registration*> kernels;
    return kernels;
}

Block& Block::current() { return *currentBlock; }

std::uint64_t Block::random()
{
    state_ += 0x9e3779b97f4a7c15ull; // SplitMix64
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

void Block::run(const Registration& kernel, Extent grid, std::uint32_t threads, std::uint32_t shared, const void* parameters, Schedule schedule)
{
    if (threads == 0 || threads % 32 != 0 || threads > 32 * kMaximumWarps) throw Fault("a block has whole warps, 32 at most");
    if (threads != kernel.threads) throw Fault(std::string(kernel.name) + " was written for " + std::to_string(kernel.threads) + " threads, not " + std::to_string(threads));
    if (shared < kernel.sharedBytes) throw Fault(std::string(kernel.name) + " needs " + std::to_string(kernel.sharedBytes) + " bytes of shared memory, got " + std::to_string(shared));
    schedule_ = schedule;
    state_ = schedule.seed;
    currentBlock = this;
    unsigned char* memory = stacks.get(threads);
    const std::uint64_t blocks = std::uint64_t{grid.x} * grid.y * grid.z;
    for (std::uint64_t number = 0; number < blocks; ++number) {
        index = {static_cast<std::uint32_t>(number % grid.x), static_cast<std::uint32_t>(number / grid.x % grid.y),
                 static_cast<std::uint32_t>(number / grid.x / grid.y)};
        threads_.assign(threads, Thread{});
        warps_.assign(threads / 32, Warp{});
        warpgroupProducts_.assign((warps_.size() + 3) / 4, {});
        freeRegisters_ = 0;
        registerWaiters_.clear();
        shared_.reset(shared, static_cast<int>(threads / 32));
        ready_.clear();
        barriers_.clear();
        memoryBarriers_.clear();
        later_.clear();
        acquiredMaps_.clear();
        channelTimes_.clear();
        cursor_ = 0;
        finished_ = 0;
        for (std::size_t w = 0; w < warps_.size(); ++w) {
            warps_[w].clock.at[w] = 1;
            warps_[w].registers = kRegisters / threads / 8 * 8;
        }

        for (std::uint32_t t = 0; t < threads; ++t) {
            threads_[t].index = t;
            threads_[t].fiber.prepare(memory + t * Fiber::kStackBytes, &Block::begin, this);
            ready_.push_back(t);
        }

        runBlock(kernel, parameters);
    }
}

void Block::runBlock(const Registration& kernel, const void* parameters)
{
    kernel_ = &kernel;
    parameters_ = parameters;
    fault_.clear();
    while (finished_ < threads_.size()) {
        if (!later_.empty() && (ready_.empty() || (!schedule_.late && random() % 64 == 0))) {
            try {
                performOneCopy();
            } catch (const Fault& fault) {
                throw Fault(where() + ": " + fault.what());
            }
        }

        if (ready_.empty()) {
            if (!later_.empty()) continue;
            throw Fault(deadlock());
        }

        pick();
        threads_[running_].fiber.enter(scheduler_);
        if (!fault_.empty()) throw Fault(fault_);
    }

    endBlock();
}

// Takes the next thread out of the ready list.
void Block::pick()
{
    std::size_t chosen = 0;
    if (schedule_.seed == 0) {
        chosen = cursor_ % ready_.size();
        running_ = ready_[chosen];
        ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(chosen));
        cursor_ = chosen;
        return;
    }

    chosen = random() % ready_.size();
    if (schedule_.seed % 2 == 0) {
        const auto ofFavoured = std::find_if(ready_.begin(), ready_.end(), [&](std::uint32_t t) { return t / 32 == favoured_; });
        if (ofFavoured != ready_.end()) {
            chosen = static_cast<std::size_t>(ofFavoured - ready_.begin());
        } else {
            favoured_ = ready_[chosen] / 32;
        }
    }

    running_ = ready_[chosen];
    ready_[chosen] = ready_.back();
    ready_.pop_back();
}

void Block::begin(void* argument)
{
    Block& block = *static_cast<Block*>(argument);
    try {
        block.kernel_->run(block.parameters_);
        block.endThread();
    } catch (const Fault& fault) {
        if (block.fault_.empty()) block.fault_ = block.where() + ": " + fault.what();
    }

    block.threads_[block.running_].state = ThreadState::Finished;
    ++block.finished_;
    block.threads_[block.running_].fiber.leave(block.scheduler_);
}

// Shared memory and registers belong to the next block once the threads of this one have ended.
void Block::endThread()
{
    if (!thread().openStores.empty()) fail("the kernel ends with a bulk store that was never committed");
    if (!thread().storeGroups.empty()) fail("the kernel ends before a bulk store has read shared memory: no cp.async.bulk.wait_group");
    if (!warp().openProducts.empty() || !warp().productGroups.empty()) fail("the kernel ends before its products are done: no wgmma.wait_group");
}

void Block::endBlock()
{
    for (const Later& copy : later_) {
        running_ = copy.starter;
        if (copy.store == nullptr) throw Fault(where() + ": the block ends before a bulk load has come");
    }

    for (std::size_t w = 0; w < warps_.size(); ++w) {
        running_ = static_cast<std::uint32_t>(32 * w);
        const std::size_t all = warpgroupProducts_[w / 4].size();
        if (warps_[w].productsStarted != all)
            throw Fault(where() + ": the warp started " + std::to_string(warps_[w].productsStarted) + " of the " + std::to_string(all) + " products of its warpgroup");
    }
}

void Block::wait(const char* what, std::uint32_t at)
{
    Thread& self = threads_[running_];
    const std::uint32_t me = running_;
    self.state = ThreadState::Waiting;
    self.waitsFor = what;
    self.waitsAt = at;
    self.fiber.leave(scheduler_);
    running_ = me;
}

void Block::wake(std::uint32_t thread)
{
    if (threads_[thread].state != ThreadState::Waiting) return;
    threads_[thread].state = ThreadState::Ready;
    ready_.push_back(thread);
}

void Block::fail(const std::string& what) { throw Fault(what); }

std::string Block::where() const
{
    return std::string(kernel_->name) + ", block (" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", " + std::to_string(index.z)
         + "), thread " + std::to_string(running_) + " (warp " + std::to_string(running_ / 32) + ", lane " + std::to_string(running_ % 32) + ")";
}

std::string Block::deadlock() const
{
    std::string text = std::string(kernel_->name) + ", block (" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", "
                     + std::to_string(index.z) + "): deadlock;";
    const char* last = nullptr;
    std::uint32_t lastAt = 0;
    for (const Thread& thread : threads_) {
        if (thread.state != ThreadState::Waiting) continue;
        if (thread.waitsFor == last && thread.waitsAt == lastAt && thread.index % 32 != 0) continue;
        last = thread.waitsFor;
        lastAt = thread.waitsAt;
        text += " thread " + std::to_string(thread.index) + " waits at " + thread.waitsFor + " " + std::to_string(thread.waitsAt) + ";";
        if (text.size() > 600) return text + " ...";
    }

    return text + " " + std::to_string(finished_) + " of " + std::to_string(threads_.size()) + " threads have returned";
}

void Block::readShared(void* destination, std::uint32_t address, std::uint32_t bytes, const char* what, int lane)
{
    shared_.read(destination, address, bytes, accessor(lane, Proxy::Generic, what));
}

void Block::writeShared(std::uint32_t address, const void* source, std::uint32_t bytes, const char* what, int lane)
{
    shared_.write(address, source, bytes, accessor(lane, Proxy::Generic, what));
}

void Block::readOperand(void* destination, std::uint32_t address, std::uint32_t bytes, const char* what)
{
    Accessor by = accessor(-1, Proxy::Asynchronous, what);
    by.met = kAnyLane;
    shared_.read(destination, address, bytes, by);
}

Accessor Block::accessor(int lane, Proxy proxy, const char* what)
{
    const int w = warpIndex();
    const int user = lane < 0 ? static_cast<int>(running_) : 32 * w + lane;
    return {w, user, proxy, warp().clock, warp().clock.at[static_cast<std::size_t>(w)], warp().met, what};
}

void Block::collective(const char* operation, void* operand, const std::function<void(void* const*)>& perform)
{
    Warp& mine = warp();
    if (mine.arrived != 0 && std::strcmp(mine.operation, operation) != 0)
        fail(std::string("lanes diverge: ") + operation + " here, " + mine.operation + " in another lane of the warp");
    mine.operation = operation;
    mine.operands[lane()] = operand;
    if (++mine.arrived < 32) {
        wait(operation, 0);
        return;
    }

    mine.arrived = 0;
    perform(mine.operands);
    const std::uint32_t first = running_ / 32 * 32;
    for (std::uint32_t t = first; t < first + 32; ++t) {
        if (t != running_) wake(t);
    }
}

void Block::copyAsync(std::uint32_t shared, std::uint64_t global)
{
    GlobalMemory::check(global, 16, 16, "cp.async");
    thread().openCopies.push_back({shared, global});
}

void Block::commitCopies()
{
    thread().copyGroups.push_back(std::move(thread().openCopies));
    thread().openCopies.clear();
}

void Block::waitCopies(std::uint32_t pending)
{
    while (thread().copyGroups.size() > pending) {
        for (const PendingCopy& copy : thread().copyGroups.front()) writeShared(copy.shared, reinterpret_cast<const void*>(copy.global), 16, "cp.async");
        thread().copyGroups.pop_front();
    }
}

void Block::barrier(std::uint32_t id, std::uint32_t threads, bool waits)
{
    if (id > 15 || threads == 0 || threads % 32 != 0 || threads > threads_.size()) fail("barriers are numbered 0 to 15, for whole warps of the block");
    NamedBarrier& mine = barriers_[id];
    if (mine.arrived != 0 && mine.expected != threads) fail("barrier " + std::to_string(id) + " is used with two thread counts at once");
    mine.expected = threads;
    mine.clock.join(warp().clock);
    tick(warpIndex());
    if (++mine.arrived == threads) {
        // The last to come does not wait, but learns what the others did.
        if (waits) warp().clock.join(mine.clock);
        if (waits) mine.waiting.push_back(running_);
        finish(mine);
        return;
    }

    if (waits) {
        mine.waiting.push_back(running_);
        wait("barrier", id);
    }
}

void Block::finish(NamedBarrier& barrier)
{
    for (std::uint32_t t : barrier.waiting) {
        warps_[t / 32].clock.join(barrier.clock);
        ++warps_[t / 32].met;
        if (t != running_) wake(t);
    }

    barrier.waiting.clear();
    barrier.arrived = 0;
    barrier.clock = Clock{};
}

void Block::startProduct(void* const* accumulators, std::uint32_t count, bool floating, std::function<void(std::vector<float>&)> perform)
{
    Warp& mine = warp();
    if (!mine.registersFenced) fail("registers of a product were not fenced: no wgmma.fence since the kernel began or the last wgmma.wait_group");
    void* key = accumulators[0];
    if (!mine.inFlight.contains(key)) {
        std::vector<float> values(32 * std::size_t{count});
        for (std::size_t l = 0; l < 32; ++l) std::memcpy(&values[l * count], accumulators[l], 4 * std::size_t{count});
        mine.inFlight.emplace(key, std::move(values));
    }

    const float poison = std::numeric_limits<float>::quiet_NaN();
    const std::int32_t nonsense = 0x5a5a5a5a;
    std::vector<void*> lanes(accumulators, accumulators + 32);
    for (void* lane : lanes) {
        for (std::uint32_t i = 0; i < count; ++i) std::memcpy(static_cast<char*>(lane) + 4 * i, floating ? static_cast<const void*>(&poison) : &nonsense, 4);
    }

    mine.openProducts.push_back({[&mine, key, count, lanes, perform = std::move(perform)] {
                                     std::vector<float>& values = mine.inFlight.at(key);
                                     perform(values);
                                     for (std::size_t l = 0; l < 32; ++l) std::memcpy(lanes[l], &values[l * count], 4 * std::size_t{count});
                                 },
                                 key});
}

void Block::agree(std::uint64_t product)
{
    std::vector<std::uint64_t>& all = warpgroupProducts_[static_cast<std::size_t>(warpIndex() / 4)];
    const std::uint32_t mine = warp().productsStarted++;
    if (mine == all.size()) all.push_back(product);
    else if (all[mine] != product) fail("the warps of a warpgroup start different products");
}

void Block::giveRegisters(std::uint32_t count)
{
    if (count > warp().registers) fail("setmaxnreg.dec to " + std::to_string(count) + " registers, of " + std::to_string(warp().registers));
    freeRegisters_ += warp().registers - count;
    warp().registers = count;
    for (std::uint32_t t : registerWaiters_) wake(t);
    registerWaiters_.clear();
}

void Block::takeRegisters(std::uint32_t count)
{
    if (count < warp().registers) fail("setmaxnreg.inc to " + std::to_string(count) + " registers, of " + std::to_string(warp().registers));
    while (freeRegisters_ < count - warp().registers) {
        registerWaiters_.push_back(running_);
        wait("setmaxnreg.inc", count);
    }

    freeRegisters_ -= count - warp().registers;
    warp().registers = count;
}

void Block::commitProducts()
{
    Warp& mine = warp();
    mine.productGroups.push_back(std::move(mine.openProducts));
    mine.openProducts.clear();
}

void Block::waitProducts(std::uint32_t pending)
{
    Warp& mine = warp();
    while (mine.productGroups.size() > pending) {
        for (const PendingProduct& product : mine.productGroups.front()) product.perform();
        mine.productGroups.pop_front();
    }

    // Accumulators that no later product names are the thread's own again.
    std::map<void*, std::vector<float>> still;
    for (const auto& group : mine.productGroups) {
        for (const PendingProduct& product : group) still.insert(*mine.inFlight.find(product.accumulators));
    }

    mine.inFlight = std::move(still);
    mine.registersFenced = false;
}

} // namespace tessera::emulation
