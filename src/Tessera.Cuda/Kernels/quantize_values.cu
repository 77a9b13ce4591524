// Codes of V, and the maxima they need. sm_80 and up.
#include "quantize_values.cuh"

#define TESSERA_QUANTIZE_VALUES(name, code, channels)                                                \
    TESSERA_KERNEL(name, QuantizeValuesParameters, kValueThreads, 2, kValueShared<channels>)         \
    {                                                                                                \
        quantize_values<code, channels>(parameters);                                                 \
    }

TESSERA_QUANTIZE_VALUES(quantize_values_int8_d64, Int8Code, 64)
TESSERA_QUANTIZE_VALUES(quantize_values_int8_d128, Int8Code, 128)
TESSERA_QUANTIZE_VALUES(quantize_values_bf16_d64, BFloat16Code, 64)
TESSERA_QUANTIZE_VALUES(quantize_values_bf16_d128, BFloat16Code, 128)
TESSERA_QUANTIZE_VALUES(quantize_values_f16_d64, Float16Code, 64)
TESSERA_QUANTIZE_VALUES(quantize_values_f16_d128, Float16Code, 128)

TESSERA_KERNEL(value_maxima_d64, ValueMaximaParameters, kValueThreads, 2, kValueShared<64>) { value_maxima<64>(parameters); }
TESSERA_KERNEL(value_maxima_d128, ValueMaximaParameters, kValueThreads, 2, kValueShared<128>) { value_maxima<128>(parameters); }
