// INT8 Q K^T and INT8 P V over dense maps or block lists. sm_80 and up; the tensor cores of every later generation have the instruction.
#include "attend.cuh"

#define TESSERA_ATTEND(name, truncated, channels, warps, blocks, fine, quantizedSum)                                                \
    TESSERA_KERNEL(name, AttendParameters, 32 * warps, blocks, (Tile<Int8Operands<truncated>, channels, warps>::kShared))           \
    {                                                                                                                              \
        attend<Int8Operands<truncated>, channels, warps, Grain<fine, quantizedSum>>(parameters);                                   \
    }

// Instantiations: d channels, r rows of a thread block; grain of the scales; what the denominator sums; rounding of P.
//             name                                                          truncated channels warps blocks fine  quantizedSum
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d64_r64_coarse_exact,          false,   64,  4, 3, false, false)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d64_r64_coarse_exact_truncated, true,   64,  4, 3, false, false)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d64_r64_coarse_quantized,      false,   64,  4, 3, false, true)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d64_r64_fine_exact,            false,   64,  4, 3, true,  false)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d64_r64_fine_quantized,        false,   64,  4, 3, true,  true)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d128_r64_coarse_exact,         false,  128,  4, 2, false, false)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d128_r64_coarse_exact_truncated, true, 128,  4, 2, false, false)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d128_r64_coarse_quantized,     false,  128,  4, 2, false, true)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d128_r64_fine_exact,           false,  128,  4, 2, true,  false)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d128_r64_fine_quantized,       false,  128,  4, 2, true,  true)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d128_r128_coarse_exact,        false,  128,  8, 1, false, false)
TESSERA_ATTEND(sm80_int8_qk_int8_pv_block_sparse_d128_r128_fine_quantized,      false,  128,  8, 1, true,  true)
