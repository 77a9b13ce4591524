// Barriers in shared memory, bulk copies through tensor maps, register budgets.
#include "probe.cuh"

constexpr u32 kBoxBytes = 16384;

// A box to shared memory, then its bytes as they lie there. A map in global memory is acquired, one among the parameters needs no fence.
template <bool kGlobal>
TESSERA_INLINE void load_box(const InstructionProbe& p, u64 map)
{
    const u32 shared = shared_base();
    const u32 barrier = shared + kBoxBytes;
    if (thread_index() == 0) {
        if constexpr (kGlobal) bulk_acquire_map(map);
        bulk_prefetch_map(map);
        mbarrier_initialise(barrier, 1);
        mbarrier_initialise_fence();
    }

    block_barrier();
    if (thread_index() == 0) {
        mbarrier_arrive_expecting(barrier, u32(p.count));
        bulk_load(shared, map, barrier, p.x, p.y, p.z);
    }

    mbarrier_wait(barrier, 0);
    for (u32 i = thread_index(); i < u32(p.count) / 4; i += 128) store_u32(p.output + 4 * u64(i), load_shared_u32(shared + 4 * i));
}

// A map by value, as cuTensorMapEncodeTiled writes it.
struct MappedProbe {
    alignas(128) unsigned char map[128];
    InstructionProbe probe;
};

// Sixteen rounds of 128 threads over two barriers: a fresh barrier's phase before the first counts as complete.
TESSERA_KERNEL(probe_mbarrier_phases, InstructionProbe, 128, 1, 512 + 16)
{
    const u32 shared = shared_base();
    const u32 written = shared + 512, read = written + 8;
    if (thread_index() == 0) {
        mbarrier_initialise(written, 128);
        mbarrier_initialise(read, 128);
        mbarrier_initialise_fence();
    }

    block_barrier();
    u32 word = operand(parameters, 0, thread_index());
    for (u32 turn = 0; turn < 16; ++turn) {
        mbarrier_wait(read, (turn & 1) ^ 1);
        store_shared_f32(shared + 4 * thread_index(), float_of(word));
        mbarrier_arrive(written);
        mbarrier_wait(written, turn & 1);
        word = load_shared_u32(shared + 4 * ((thread_index() + 37 * (turn + 1)) % 128));
        mbarrier_arrive(read);
    }

    result(parameters, 0, thread_index(), word);
}

TESSERA_KERNEL(probe_bulk_load, InstructionProbe, 128, 1, kBoxBytes + 8) { load_box<true>(parameters, parameters.map); }

// clang 19 copies a parameter whose address is taken to local memory, where the copy engine cannot read it (compat.cuh): NVRTC only.
TESSERA_KERNEL(probe_bulk_load_parameter, MappedProbe, 128, 1, kBoxBytes + 8)
{
#if !(defined(__clang__) && defined(__CUDA__))
    load_box<false>(parameters.probe, reinterpret_cast<u64>(&parameters.map));
#else
    load_box<true>(parameters.probe, parameters.probe.map);
#endif
}

// 168 registers a thread at entry: one warpgroup gives, two take. The budget of a kernel with a producer and two consumers.
TESSERA_KERNEL(probe_register_budget, InstructionProbe, 384, 1, 0)
{
    if (thread_index() < 128) {
        give_registers<40>();
        result(parameters, 0, thread_index(), operand(parameters, 0, thread_index()) + 40);
    } else {
        take_registers<232>();
        result(parameters, 0, thread_index(), operand(parameters, 0, thread_index()) + 232);
    }
}
