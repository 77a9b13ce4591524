// Codes of Q, K and V as E4M3: the conversion instruction begins with sm_89.
#include "quantize_rows.cuh"
#include "quantize_values.cuh"

TESSERA_KERNEL(sm89_quantize_rows_e4m3_d64, QuantizeRowsParameters, kQuantizeThreads, 2, kQuantizeShared)
{
    quantize_rows<E4M3Code, 64>(parameters);
}

TESSERA_KERNEL(sm89_quantize_rows_e4m3_d128, QuantizeRowsParameters, kQuantizeThreads, 2, kQuantizeShared)
{
    quantize_rows<E4M3Code, 128>(parameters);
}

TESSERA_KERNEL(sm89_quantize_values_e4m3_d64, QuantizeValuesParameters, kValueThreads, 2, kValueShared<64>)
{
    quantize_values<E4M3Code, 64>(parameters);
}

TESSERA_KERNEL(sm89_quantize_values_e4m3_d128, QuantizeValuesParameters, kValueThreads, 2, kValueShared<128>)
{
    quantize_values<E4M3Code, 128>(parameters);
}
