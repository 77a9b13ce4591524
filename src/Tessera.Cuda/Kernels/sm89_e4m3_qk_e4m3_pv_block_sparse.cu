// E4M3 Q K^T and E4M3 P V over dense maps or block lists. sm_89 natively; sm_90 would run it on its binary16 units, so it is not used there.
#include "attend.cuh"

#define TESSERA_ATTEND(name, channels, warps, blocks, fine)                                                                        \
    TESSERA_KERNEL(name, AttendParameters, 32 * warps, blocks, (Tile<E4M3Operands, channels, warps>::kShared))                      \
    {                                                                                                                              \
        attend<E4M3Operands, channels, warps, Grain<fine, false>>(parameters);                                                     \
    }

TESSERA_ATTEND(sm89_e4m3_qk_e4m3_pv_block_sparse_d64_r64_coarse, 64, 4, 3, false)
TESSERA_ATTEND(sm89_e4m3_qk_e4m3_pv_block_sparse_d64_r64_fine, 64, 4, 3, true)
TESSERA_ATTEND(sm89_e4m3_qk_e4m3_pv_block_sparse_d128_r64_coarse, 128, 4, 2, false)
TESSERA_ATTEND(sm89_e4m3_qk_e4m3_pv_block_sparse_d128_r64_fine, 128, 4, 2, true)
