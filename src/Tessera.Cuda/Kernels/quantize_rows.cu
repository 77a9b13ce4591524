// Codes of Q and K, and the statistics they need. sm_80 and up.
#include "quantize_rows.cuh"
#include "statistics.cuh"

#define TESSERA_QUANTIZE_ROWS(name, code, channels) \
    TESSERA_KERNEL(name, QuantizeRowsParameters, kQuantizeThreads, 2, kQuantizeShared) { quantize_rows<code, channels>(parameters); }

TESSERA_QUANTIZE_ROWS(quantize_rows_int8_d64, Int8Code, 64)
TESSERA_QUANTIZE_ROWS(quantize_rows_int8_d128, Int8Code, 128)
TESSERA_QUANTIZE_ROWS(quantize_rows_bf16_d64, BFloat16Code, 64)
TESSERA_QUANTIZE_ROWS(quantize_rows_bf16_d128, BFloat16Code, 128)

TESSERA_KERNEL(group_maxima_d64, GroupMaximaParameters, kStatisticsThreads, 4, 0) { group_maxima<64>(parameters); }
TESSERA_KERNEL(group_maxima_d128, GroupMaximaParameters, kStatisticsThreads, 4, 0) { group_maxima<128>(parameters); }
TESSERA_KERNEL(channel_sums_d64, ChannelSumsParameters, kStatisticsThreads, 4, 0) { channel_sums<64>(parameters); }
TESSERA_KERNEL(channel_sums_d128, ChannelSumsParameters, kStatisticsThreads, 4, 0) { channel_sums<128>(parameters); }
TESSERA_KERNEL(channel_means, ChannelMeansParameters, kStatisticsThreads, 1, 0) { channel_means_of(parameters); }
