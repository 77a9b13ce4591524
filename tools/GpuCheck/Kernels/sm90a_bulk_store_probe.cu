// Small kernels of one warp around the bulk store: a box that goes from one tensor to another, and 8 x 8 matrices that leave registers. They
// compute nothing that is needed; they show that tensor maps, swizzles, stmatrix and the fence between the proxies do what kernels assume.
#include "hopper.cuh"

struct CopyProbeParameters {
    u64 source;         // tensor map
    u64 destination;    // tensor map with a box of as many bytes
    s32 from[4];        // coordinates, innermost first
    s32 to[4];
    s32 bytes;          // of the box
    s32 reserved;
};

constexpr int kCopyShared = 32768 + 8;

// Three axes, or four.
template <bool kFour>
TESSERA_INLINE void copy_box(const CopyProbeParameters& p)
{
    const u32 box = shared_base();
    const u32 barrier = box + 32768;
    if (!elect_one()) return;
    bulk_acquire_map(p.source);
    bulk_acquire_map(p.destination);
    mbarrier_initialise(barrier, 1);
    mbarrier_initialise_fence();
    mbarrier_arrive_expecting(barrier, u32(p.bytes));
    if constexpr (kFour) bulk_load(box, p.source, barrier, p.from[0], p.from[1], p.from[2], p.from[3]);
    else bulk_load(box, p.source, barrier, p.from[0], p.from[1], p.from[2]);
    mbarrier_wait(barrier, 0);
    if constexpr (kFour) bulk_store(p.destination, box, p.to[0], p.to[1], p.to[2], p.to[3]);
    else bulk_store(p.destination, box, p.to[0], p.to[1], p.to[2]);
    bulk_store_commit();
    bulk_store_wait<0>();
}

struct MatrixProbeParameters {
    u64 destination;    // tensor map, box 32 x 16 bytes, not swizzled
    s32 transposed;
    s32 reserved;
};

// A 16 x 16 matrix of 16-bit elements, element (i, j) = 16 i + j as a fragment of an accumulator holds it.
TESSERA_INLINE void store_fragment(const MatrixProbeParameters& p)
{
    const u32 lane = lane_index();
    const u32 element = 16 * (lane / 4) + 2 * (lane % 4);
    const u32 pair = element | (element + 1) << 16;
    const u32 r[4] = {pair, pair + 0x00800080, pair + 0x00080008, pair + 0x00880088}; // below, to the right, both
    const u32 row = shared_base() + 32 * (lane % 16) + 16 * (lane / 16);
    if (p.transposed) store_matrices_transposed(row, r);
    else store_matrices(row, r);
    async_proxy_fence();
    warp_barrier();
    if (elect_one()) {
        bulk_acquire_map(p.destination);
        bulk_store(p.destination, shared_base(), 0, 0, 0);
        bulk_store_commit();
        bulk_store_wait_read<0>();
    }
}

TESSERA_KERNEL(probe_bulk_copy_3d, CopyProbeParameters, 32, 1, kCopyShared) { copy_box<false>(parameters); }
TESSERA_KERNEL(probe_bulk_copy_4d, CopyProbeParameters, 32, 1, kCopyShared) { copy_box<true>(parameters); }
TESSERA_KERNEL(probe_matrices, MatrixProbeParameters, 32, 1, 512) { store_fragment(parameters); }
