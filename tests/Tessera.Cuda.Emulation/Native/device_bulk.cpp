// Barriers in shared memory and the bulk copies that complete at them.
#include "device.hpp"

#include <algorithm>

namespace tessera::emulation {

void Block::initialiseBarrier(std::uint32_t address, std::uint32_t count)
{
    const std::uint64_t marker = 0;
    writeShared(address, &marker, 8, "mbarrier.init");
    MemoryBarrier& barrier = memoryBarriers_[address];
    barrier = MemoryBarrier{};
    barrier.count = barrier.pending = count;
    barrier.initialiser = running_;
}

MemoryBarrier& Block::barrierAt(std::uint32_t address)
{
    const auto found = memoryBarriers_.find(address);
    if (found == memoryBarriers_.end()) fail("no mbarrier was initialised at shared byte " + std::to_string(address));
    std::uint64_t marker;
    readShared(&marker, address, 8, "mbarrier");
    return found->second;
}

void Block::arrive(std::uint32_t address, std::uint32_t bytes)
{
    MemoryBarrier& barrier = barrierAt(address);
    if (barrier.pending == 0) fail("more arrivals at the mbarrier at shared byte " + std::to_string(address) + " than it counts");
    barrier.bytes += bytes;
    if (barrier.bytes >= 1 << 20) fail("an mbarrier expects at most 1048575 bytes at a time");
    barrier.clock.join(warp().clock);
    tick(warpIndex());
    --barrier.pending;
    completePhase(barrier);
}

void Block::completeBytes(std::uint32_t address, std::uint32_t bytes, const Clock& clock)
{
    const auto found = memoryBarriers_.find(address);
    if (found == memoryBarriers_.end()) fail("a bulk copy completes at shared byte " + std::to_string(address) + ", where no mbarrier is");
    found->second.bytes -= bytes;
    found->second.clock.join(clock);
    completePhase(found->second);
}

void Block::fenceBarriers()
{
    const std::uint32_t time = warp().clock.at[static_cast<std::size_t>(warpIndex())];
    for (auto& [address, barrier] : memoryBarriers_) {
        if (barrier.initialiser == running_ && barrier.fenceTime == 0) barrier.fenceTime = time;
    }
}

void Block::fenceProxy()
{
    fenceBarriers();
    shared_.fence(static_cast<int>(running_), warp().clock.at[static_cast<std::size_t>(warpIndex())]);
}

void Block::acquireMap(std::uint64_t map)
{
    acquiredMaps_[map].push_back(warp().clock);
}

void Block::requireMap(std::uint64_t map)
{
    // A map among the parameters was there before the kernel began.
    const std::uint64_t parameters = reinterpret_cast<std::uint64_t>(parameters_);
    if (map >= parameters && map < parameters + kernel_->parameterBytes) return;
    for (const Clock& acquired : acquiredMaps_[map]) {
        bool known = true;
        for (std::size_t i = 0; i < acquired.at.size(); ++i) known = known && warp().clock.at[i] >= acquired.at[i];
        if (known) return;
    }

    fail("the tensor map was not acquired in this block: no fence.proxy.tensormap comes before the bulk copy");
}

void Block::completePhase(MemoryBarrier& barrier)
{
    if (barrier.pending != 0 || barrier.bytes != 0) return;
    ++barrier.phase;
    barrier.pending = barrier.count;
    barrier.completed = barrier.clock;
    barrier.clock = Clock{};
    for (std::uint32_t t : barrier.waiting) wake(t);
    barrier.waiting.clear();
}

bool Block::phaseDone(std::uint32_t address, std::uint32_t parity)
{
    MemoryBarrier& barrier = barrierAt(address);
    if ((barrier.phase & 1) == parity) return false;
    warp().clock.join(barrier.completed);
    meetLanes(); // perhaps: whoever arrived may be a lane of this warp
    return true;
}

void Block::waitPhase(std::uint32_t address, std::uint32_t parity)
{
    while (!phaseDone(address, parity)) {
        barrierAt(address).waiting.push_back(running_);
        wait(parity ? "mbarrier, odd phase, at shared byte" : "mbarrier, even phase, at shared byte", address);
    }
}

int Block::newChannel()
{
    if (channelTimes_.size() == kChannels) fail("bulk copies of more than " + std::to_string(kChannels) + " mbarriers and threads: raise kChannels");
    channelTimes_.push_back(0);
    return static_cast<int>(channelTimes_.size()) - 1;
}

void Block::startLoad(std::uint32_t address, std::function<std::uint32_t(const Accessor&)> copy)
{
    MemoryBarrier& barrier = barrierAt(address);
    if (barrier.fenceTime == 0 || warp().clock.at[barrier.initialiser / 32] < barrier.fenceTime)
        fail("the initialisation of the mbarrier at shared byte " + std::to_string(address) + " was not fenced: a bulk copy may not see it");
    if (barrier.channel < 0) barrier.channel = newChannel();
    later_.push_back({running_, nullptr, address, warp().clock, std::move(copy)});
    tick(warpIndex()); // what the warp does from here on is not known to the copy
}

void Block::startStore(std::function<void(const Accessor&)> copy)
{
    Thread& self = thread();
    if (self.storeChannel < 0) self.storeChannel = newChannel();
    self.openStores.push_back(std::make_shared<BulkStore>(BulkStore{warp().clock, ++self.storesStarted, warp().met, std::move(copy)}));
    later_.push_back({running_, self.openStores.back(), 0, {}, {}});
    tick(warpIndex());
}

void Block::commitStores()
{
    thread().storeGroups.push_back(std::move(thread().openStores));
    thread().openStores.clear();
}

void Block::waitStores(std::uint32_t pending)
{
    Thread& self = thread();
    while (self.storeGroups.size() > pending) {
        for (const std::shared_ptr<BulkStore>& store : self.storeGroups.front()) {
            performStore(self, *store);
            std::uint32_t& known = warp().clock.at[static_cast<std::size_t>(kMaximumWarps + self.storeChannel)];
            known = std::max(known, store->number);
        }

        self.storeGroups.pop_front();
    }
}

void Block::performStore(const Thread& starter, BulkStore& store)
{
    if (store.done) return;
    store.done = true;
    store.copy({kMaximumWarps + starter.storeChannel, static_cast<int>(starter.index), Proxy::Asynchronous, store.started, store.number, store.met, "bulk store"});
}

void Block::performOneCopy()
{
    const std::size_t chosen = schedule_.seed == 0 ? 0 : random() % later_.size();
    Later next = std::move(later_[chosen]);
    later_.erase(later_.begin() + static_cast<std::ptrdiff_t>(chosen));
    running_ = next.starter;
    if (next.store != nullptr) {
        performStore(thread(), *next.store);
        return;
    }

    const int channel = memoryBarriers_.at(next.barrier).channel;
    const int participant = kMaximumWarps + channel;
    const std::uint32_t time = ++channelTimes_[static_cast<std::size_t>(channel)];
    const std::uint32_t bytes = next.load({participant, static_cast<int>(next.starter), Proxy::Asynchronous, next.started, time, kAnyLane, "bulk load"});
    next.started.at[static_cast<std::size_t>(participant)] = time;
    completeBytes(next.barrier, bytes, next.started);
}

} // namespace tessera::emulation
