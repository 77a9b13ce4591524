// INT8 Q K^T and binary16 P V over dense maps or block lists: SageAttention's first form. sm_80 and up.
#include "attend.cuh"

#define TESSERA_ATTEND(name, channels, warps, blocks)                                                                              \
    TESSERA_KERNEL(name, AttendParameters, 32 * warps, blocks, (Tile<Int8Float16Operands, channels, warps>::kShared))               \
    {                                                                                                                              \
        attend<Int8Float16Operands, channels, warps, Grain<false, false>>(parameters);                                             \
    }

TESSERA_ATTEND(sm80_int8_qk_f16_pv_block_sparse_d64_r64, 64, 4, 3)
TESSERA_ATTEND(sm80_int8_qk_f16_pv_block_sparse_d128_r64, 128, 4, 2)
TESSERA_ATTEND(sm80_int8_qk_f16_pv_block_sparse_d128_r128, 128, 8, 1)
