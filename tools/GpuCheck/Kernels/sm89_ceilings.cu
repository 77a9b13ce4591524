// The product of E4M3 codes; see sm80_ceilings.cu. On sm_90 it shows what its mma.sync becomes there.
#include "ceiling.cuh"

TESSERA_PRODUCT_CEILING(ceiling_mma_e4m3, mma_e4m3, float, bits_of)
