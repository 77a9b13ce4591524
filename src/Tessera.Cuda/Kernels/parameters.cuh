// Parameters of the kernels. Every kernel takes one of these structs by value: pointers as u64, fixed-width integers, floats.
// Tessera.Cuda/Launch/Parameters mirrors them field by field; a test compares sizes and offsets.
//
// Words: a TOKEN is a place in the caller's natural order, a SLOT one in storage order (AttentionPlan.Orders), padding included.
// paddedSlots is slots rounded up to a multiple of 128; rows from slots to paddedSlots are written as padding: codes 0, scale 1.
// Codes have 64 or 128 channels (paddedChannels); channels from the tensor's own number on hold 0.
#ifndef TESSERA_PARAMETERS_CUH
#define TESSERA_PARAMETERS_CUH
#include "compat.cuh"

// Number formats of tensors in the caller's memory.
enum TensorFormat : s32 { TensorFloat32 = 0, TensorBFloat16 = 1, TensorFloat16 = 2 };

// Rows of Q, K or V as attention sees them: gathered by order, widened, turned by position, smoothed.
struct RowsParameters {
    u64 source;           // [batch, heads, tokens, channels], dense channels
    s64 batchStride;      // in elements
    s64 headStride;
    s64 tokenStride;
    u64 order;            // s32 [orderHeads, slots]: token of a slot, negative for padding; 0 for natural order
    u64 rotaryPositions;  // s32 [tokens, 3]: position on each axis, the first negative for tokens that are not turned; 0 for no rotation
    u64 rotaryFactors;    // f32x2 (cosine, sine): per axis a row a position, a column a pair of the axis
    u64 mean;             // f32 [batch * heads, channels], subtracted after turning; 0 for none
    u64 fault;            // u32 set to 1 by a value that is not finite; 0 to look away
    s32 format;           // TensorFormat
    s32 heads;
    s32 orderHeads;       // 1 or heads
    s32 slots;
    s32 paddedSlots;
    s32 channels;
    s32 rotaryFirst1;     // first pair of the second axis; channels / 2 where there is none
    s32 rotaryFirst2;     // of the third
    s32 rotaryOffset1;    // where the factors of the second axis begin, in pairs
    s32 rotaryOffset2;    // of the third
};

// quantize_rows_*: codes and scales of Q or K. Grid: paddedSlots / 128, batch * heads.
struct QuantizeRowsParameters {
    RowsParameters rows;
    u64 codes;            // [batch * heads, paddedSlots, paddedChannels]
    u64 scales;           // f32 [batch * heads, paddedSlots]: the scale of each slot's group
    u64 groupMaxima;      // u32 (bits of |x|) [.., groups], for groupRows = 0
    u64 slotGroups;       // s32 [orderHeads, slots]: group of a slot, for groupRows = 0; 0 means group 0
    u64 constantMean;     // f32 [batch * heads, channels]: mean of K, for Q under key smoothing; 0 for none
    u64 rowConstants;     // f32 [batch * heads, paddedSlots]: receives constantFactor * (q . constantMean)
    s32 groupStride;      // groups of a head in groupMaxima; 0 when all heads share them
    s32 groupRows;        // 1, 16, 32, 64 or 128 slots share a scale; 0 takes groupMaxima
    float maximumCode;    // 127, 63, 7 or 448
    float constantFactor; // softmax scale
};

// group_maxima_*: largest |x| of each group of slots. Grid as above. groupMaxima must be zero before.
struct GroupMaximaParameters {
    RowsParameters rows;
    u64 groupMaxima;      // u32 (bits of |x|)
    u64 slotGroups;       // s32 [orderHeads, slots]; 0 means group 0
    s32 groupStride;
    s32 reserved;
};

// channel_sums_*: sums of 64 slots each, in binary64 and ascending order. Grid: chunks / 4 rounded up, batch * heads.
struct ChannelSumsParameters {
    RowsParameters rows;
    u64 sums;             // f64 [batch * heads, chunks, paddedChannels]
    s32 chunks;           // slots / 64 rounded up
    s32 reserved;
};

// channel_means: sums of chunks in ascending order, divided and rounded once. Grid: batch * heads. 128 threads.
struct ChannelMeansParameters {
    u64 sums;             // f64 [batch * heads, chunks, paddedChannels]
    u64 means;            // f32 [batch * heads, channels]
    s32 chunks;
    s32 channels;
    s32 paddedChannels;
    s32 tokens;
};

// value_maxima_*: largest |x| of each channel and group of slots. Grid: paddedSlots / 64, batch * heads. maxima must be zero before.
struct ValueMaximaParameters {
    RowsParameters rows;
    u64 maxima;           // u32 (bits of |x|) [batch * heads, groups, paddedChannels]
    s32 groupSlots;       // a multiple of 64; 0 for one group
    s32 groups;
};

// quantize_values_*: codes of V, transposed: a row a channel, tokens permuted within groups of 16 for 8-bit formats. Grid as above.
struct QuantizeValuesParameters {
    RowsParameters rows;
    u64 codes;            // [batch * heads, paddedChannels, paddedSlots]
    u64 scales;           // f32 [batch * heads, groups, paddedChannels]
    u64 maxima;           // of value_maxima_*; 0 takes the maxima of each 64 slots (groupSlots = 64)
    s32 groupSlots;       // a multiple of 64; 0 for one group
    s32 groups;
    float maximumCode;
    s32 reserved;
};

// Attention over quantised operands. Grid: batch * heads * queryTiles. Key blocks are 64 slots.
struct AttendParameters {
    u64 queries;          // codes [batch * heads, queryPaddedSlots, paddedChannels]
    u64 keys;             // codes [batch * heads, keyPaddedSlots, paddedChannels]
    u64 values;           // codes [batch * heads, paddedChannels, keyPaddedSlots], permuted
    u64 queryScales;      // f32 [batch * heads, queryPaddedSlots]; unread by bf16 kernels, as the next two
    u64 keyScales;        // f32 [batch * heads, keyPaddedSlots]
    u64 valueScales;      // f32 [batch * heads, valueGroups, paddedChannels]
    u64 rowStart;         // s32 [maskHeads * maskRows + 1]: where a block row's list begins in blocks; 0 keeps every block
    u64 blocks;           // s32: key blocks of each row, ascending
    u64 blockMasks;       // s32 for each entry of blocks: index into maskBits, or negative; 0 when no block is partial
    u64 maskBits;         // u64 [partial blocks, maskRowSlots]: bit k is whether the row sees key k of the block
    u64 keyCounts;        // s32 [orderHeads, keyBlocks]: valid slots of a block, which stand first; 0 takes keySlots
    u64 order;            // s32 [orderHeads, querySlots]: token of a slot, negative for padding; 0 for natural order
    u64 schedule;         // s32 [grid]: the work of each thread block, longest first; 0 for the natural sequence
    u64 output;           // [batch, heads, tokens, channels]
    s64 outputBatchStride; // in elements
    s64 outputHeadStride;
    s64 outputTokenStride;
    u64 logSumExp;        // f32 [batch * heads, queryTokens], natural logarithm; 0 for none
    u64 rowConstants;     // f32 [batch * heads, queryPaddedSlots], added to logSumExp; 0 for none
    s32 outputFormat;     // TensorFormat
    s32 heads;
    s32 orderHeads;       // 1 or heads
    s32 maskHeads;        // 1 or heads
    s32 maskRows;         // block rows of the mask
    s32 maskRowSlots;     // slots of a block row; a multiple of the kernel's rows
    s32 querySlots;
    s32 queryPaddedSlots;
    s32 queryTokens;
    s32 queryTiles;       // querySlots / rows of the kernel, rounded up
    s32 keySlots;
    s32 keyPaddedSlots;
    s32 keyBlocks;        // keySlots / 64, rounded up
    s32 channels;         // of the output
    s32 valueGroups;
    s32 valueGroupBlocks; // key blocks that share a value scale; 0 for one group
    s32 tileReference;    // 1: P against the row maximum of the tile; 0: against the running maximum
    float scoreScale;     // softmax scale * log2(e)
    float codeOfOne;      // code of a probability of 1: 255, 127, 448; 1 for bf16
    s32 reserved;
};

#endif
