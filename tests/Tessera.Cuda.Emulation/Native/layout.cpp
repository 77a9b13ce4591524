// Offsets of the fields of every parameter structure, for the test that compares them with the C# mirrors.
#include "parameters.cuh"

#include <cstddef>
#include <cstring>

namespace {

struct Field {
    const char* name;
    std::size_t offset;
};

#define TESSERA_FIELD(type, field) {#type "." #field, offsetof(type, field)}
#define TESSERA_SIZE(type) {#type, sizeof(type)}

constexpr Field fields[] = {
    TESSERA_SIZE(RowsParameters), TESSERA_FIELD(RowsParameters, source), TESSERA_FIELD(RowsParameters, batchStride),
    TESSERA_FIELD(RowsParameters, headStride), TESSERA_FIELD(RowsParameters, tokenStride), TESSERA_FIELD(RowsParameters, order),
    TESSERA_FIELD(RowsParameters, rotaryPositions), TESSERA_FIELD(RowsParameters, rotaryFactors), TESSERA_FIELD(RowsParameters, mean),
    TESSERA_FIELD(RowsParameters, fault), TESSERA_FIELD(RowsParameters, format), TESSERA_FIELD(RowsParameters, heads),
    TESSERA_FIELD(RowsParameters, orderHeads), TESSERA_FIELD(RowsParameters, slots), TESSERA_FIELD(RowsParameters, paddedSlots),
    TESSERA_FIELD(RowsParameters, channels), TESSERA_FIELD(RowsParameters, rotaryFirst1), TESSERA_FIELD(RowsParameters, rotaryFirst2),
    TESSERA_FIELD(RowsParameters, rotaryOffset1), TESSERA_FIELD(RowsParameters, rotaryOffset2),

    TESSERA_SIZE(QuantizeRowsParameters), TESSERA_FIELD(QuantizeRowsParameters, rows), TESSERA_FIELD(QuantizeRowsParameters, codes),
    TESSERA_FIELD(QuantizeRowsParameters, scales), TESSERA_FIELD(QuantizeRowsParameters, groupMaxima),
    TESSERA_FIELD(QuantizeRowsParameters, slotGroups), TESSERA_FIELD(QuantizeRowsParameters, constantMean),
    TESSERA_FIELD(QuantizeRowsParameters, rowConstants), TESSERA_FIELD(QuantizeRowsParameters, groupStride),
    TESSERA_FIELD(QuantizeRowsParameters, groupRows), TESSERA_FIELD(QuantizeRowsParameters, maximumCode),
    TESSERA_FIELD(QuantizeRowsParameters, constantFactor),

    TESSERA_SIZE(GroupMaximaParameters), TESSERA_FIELD(GroupMaximaParameters, rows), TESSERA_FIELD(GroupMaximaParameters, groupMaxima),
    TESSERA_FIELD(GroupMaximaParameters, slotGroups), TESSERA_FIELD(GroupMaximaParameters, groupStride),
    TESSERA_FIELD(GroupMaximaParameters, reserved),

    TESSERA_SIZE(ChannelSumsParameters), TESSERA_FIELD(ChannelSumsParameters, rows), TESSERA_FIELD(ChannelSumsParameters, sums),
    TESSERA_FIELD(ChannelSumsParameters, chunks), TESSERA_FIELD(ChannelSumsParameters, reserved),

    TESSERA_SIZE(ChannelMeansParameters), TESSERA_FIELD(ChannelMeansParameters, sums), TESSERA_FIELD(ChannelMeansParameters, means),
    TESSERA_FIELD(ChannelMeansParameters, chunks), TESSERA_FIELD(ChannelMeansParameters, channels),
    TESSERA_FIELD(ChannelMeansParameters, paddedChannels), TESSERA_FIELD(ChannelMeansParameters, tokens),

    TESSERA_SIZE(ValueMaximaParameters), TESSERA_FIELD(ValueMaximaParameters, rows), TESSERA_FIELD(ValueMaximaParameters, maxima),
    TESSERA_FIELD(ValueMaximaParameters, groupSlots), TESSERA_FIELD(ValueMaximaParameters, groups),

    TESSERA_SIZE(QuantizeValuesParameters), TESSERA_FIELD(QuantizeValuesParameters, rows), TESSERA_FIELD(QuantizeValuesParameters, codes),
    TESSERA_FIELD(QuantizeValuesParameters, scales), TESSERA_FIELD(QuantizeValuesParameters, maxima),
    TESSERA_FIELD(QuantizeValuesParameters, groupSlots), TESSERA_FIELD(QuantizeValuesParameters, groups),
    TESSERA_FIELD(QuantizeValuesParameters, maximumCode), TESSERA_FIELD(QuantizeValuesParameters, reserved),

    TESSERA_SIZE(AttendParameters), TESSERA_FIELD(AttendParameters, queries), TESSERA_FIELD(AttendParameters, keys),
    TESSERA_FIELD(AttendParameters, values), TESSERA_FIELD(AttendParameters, queryScales), TESSERA_FIELD(AttendParameters, keyScales),
    TESSERA_FIELD(AttendParameters, valueScales), TESSERA_FIELD(AttendParameters, rowStart), TESSERA_FIELD(AttendParameters, blocks),
    TESSERA_FIELD(AttendParameters, blockMasks), TESSERA_FIELD(AttendParameters, maskBits), TESSERA_FIELD(AttendParameters, keyCounts),
    TESSERA_FIELD(AttendParameters, order), TESSERA_FIELD(AttendParameters, schedule), TESSERA_FIELD(AttendParameters, output),
    TESSERA_FIELD(AttendParameters, outputBatchStride), TESSERA_FIELD(AttendParameters, outputHeadStride),
    TESSERA_FIELD(AttendParameters, outputTokenStride), TESSERA_FIELD(AttendParameters, logSumExp),
    TESSERA_FIELD(AttendParameters, rowConstants), TESSERA_FIELD(AttendParameters, outputFormat), TESSERA_FIELD(AttendParameters, heads),
    TESSERA_FIELD(AttendParameters, orderHeads), TESSERA_FIELD(AttendParameters, maskHeads), TESSERA_FIELD(AttendParameters, maskRows),
    TESSERA_FIELD(AttendParameters, maskRowSlots), TESSERA_FIELD(AttendParameters, querySlots),
    TESSERA_FIELD(AttendParameters, queryPaddedSlots), TESSERA_FIELD(AttendParameters, queryTokens),
    TESSERA_FIELD(AttendParameters, queryTiles), TESSERA_FIELD(AttendParameters, keySlots), TESSERA_FIELD(AttendParameters, keyPaddedSlots),
    TESSERA_FIELD(AttendParameters, keyBlocks), TESSERA_FIELD(AttendParameters, channels), TESSERA_FIELD(AttendParameters, valueGroups),
    TESSERA_FIELD(AttendParameters, valueGroupBlocks), TESSERA_FIELD(AttendParameters, tileReference),
    TESSERA_FIELD(AttendParameters, scoreScale), TESSERA_FIELD(AttendParameters, codeOfOne), TESSERA_FIELD(AttendParameters, reserved),
};

} // namespace

// Offset of "Struct.field", size of "Struct", or -1.
extern "C" __attribute__((visibility("default"))) long long tessera_emulation_layout(const char* name)
{
    for (const Field& field : fields) {
        if (std::strcmp(field.name, name) == 0) return static_cast<long long>(field.offset);
    }

    return -1;
}
