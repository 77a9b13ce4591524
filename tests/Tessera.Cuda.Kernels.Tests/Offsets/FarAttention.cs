using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch.Parameters;

namespace Tessera.Cuda.Kernels.Tests.Offsets;

/// <summary>
/// Attention of the last query tile of 12,000 heads of 262,144 slots over its last four key blocks, one of them partial and one short:
/// every array that the kernel reads or writes is touched beyond 2^32 bytes, and every stride of the output alone goes beyond 2^32 elements.
/// </summary>
internal static class FarAttention
{
    private const int Channels = 64;
    private const int Rows = 64;
    private const int Keys = 64;
    private const int Blocks = 4;
    private const int LastValid = 9;

    /// <summary>Output and log-sum-exp.</summary>
    public static void Attend(EmulatedKernels kernels) => FarRows.SameBits(kernels, Run);

    private static List<object> Run(FarData data)
    {
        (int batches, int heads) = data.IsFar ? (2, 6000) : (1, 1);
        int pairs = batches * heads;
        int head = heads - 1;
        int tiles = data.Pick(4096, 1);
        int querySlots = tiles * Rows;
        int keyBlocks = data.Pick(4096, Blocks);
        int keySlots = keyBlocks * Keys;
        // Wider than they need to be: lists and counts of a head are small, and there are not heads enough for 2^32 bytes of them.
        int maskRows = data.Pick(200_000, 1);
        int countBlocks = data.Pick(200_000, Blocks);
        int firstEntry = data.Pick(1_500_000_000, 0);
        int partial = data.Pick(12_000_000, 0);
        int firstBlock = keyBlocks - Blocks;
        long firstRow = (((long)pairs - 1) * querySlots) + querySlots - Rows;
        long firstKey = (((long)pairs - 1) * keySlots) + ((long)firstBlock * Keys);
        long maskRow = ((long)head * maskRows) + tiles - 1;
        int firstToken = querySlots - Rows;
        AttendParameters parameters = new()
        {
            Queries = data.Put((long)pairs * querySlots * Channels, firstRow * Channels, Codes(Rows * Channels, 1)),
            Keys = data.Put((long)pairs * keySlots * Channels, firstKey * Channels, Codes(Blocks * Keys * Channels, 2)),
            Values = data.Empty<byte>((long)pairs * Channels * keySlots),
            QueryScales = data.Put((long)pairs * querySlots, firstRow, Scales(Rows, 3)),
            KeyScales = data.Put((long)pairs * keySlots, firstKey, Scales(Blocks * Keys, 4)),
            ValueScales = data.Put(
                (long)pairs * keyBlocks * Channels, ((((long)pairs - 1) * keyBlocks) + firstBlock) * Channels, Scales(Blocks * Channels, 5)),
            RowStart = data.Put(((long)heads * maskRows) + 1, maskRow, [firstEntry, firstEntry + Blocks]),
            Blocks = data.Put(firstEntry + (long)Blocks, firstEntry, [.. Enumerable.Range(firstBlock, Blocks)]),
            BlockMasks = data.Put(firstEntry + (long)Blocks, firstEntry, [-1, partial, -1, -1]),
            MaskBits = data.Put((partial + 1L) * Rows, (long)partial * Rows, Bits()),
            KeyCounts = data.Put((long)heads * countBlocks, ((long)head * countBlocks) + firstBlock, [Keys, Keys, Keys, LastValid]),
            Order = data.Put(
                (long)heads * querySlots, ((long)head * querySlots) + firstToken, [.. Enumerable.Range(0, Rows).Select(slot => firstToken + (slot * 37 % Rows))]),
            Schedule = data.Put(1, 0, [(int)(((pairs - 1L) * tiles) + tiles - 1)]),
            OutputBatchStride = data.Pick((1L << 37) + 2, 0),
            OutputHeadStride = data.Pick((1L << 22) + 2, 0),
            OutputTokenStride = data.Pick(1L << 17, Channels),
            LogSumExp = data.Empty<float>((long)pairs * querySlots),
            RowConstants = data.Put((long)pairs * querySlots, firstRow, FarRows.Normal(Rows, 6)),
            OutputFormat = TensorFormat.Float32,
            Heads = heads,
            OrderHeads = heads,
            MaskHeads = heads,
            MaskRows = maskRows,
            MaskRowSlots = Rows,
            QuerySlots = querySlots,
            QueryPaddedSlots = querySlots,
            QueryTokens = querySlots,
            QueryTiles = tiles,
            KeySlots = keySlots,
            KeyPaddedSlots = keySlots,
            KeyBlocks = countBlocks,
            Channels = Channels,
            ValueGroups = keyBlocks,
            ValueGroupBlocks = 1,
            TileReference = 1,
            ScoreScale = 0.01f,
            CodeOfOne = 255,
        };
        if (data.IsFar)
        {
            // Where a cut offset would find the beginning of the list: an empty list, and not one of a billion zeros.
            data.Write(parameters.RowStart, (uint)(maskRow * sizeof(int)) / sizeof(int), [firstEntry + Blocks]);
        }

        for (int channel = 0; channel < Channels; channel++)
        {
            data.Write(
                parameters.Values, (((((long)pairs - 1) * Channels) + channel) * keySlots) + ((long)firstBlock * Keys), Codes(Blocks * Keys, 100 + channel));
        }

        long last = ((batches - 1) * parameters.OutputBatchStride) + (head * parameters.OutputHeadStride);
        parameters.Output = data.Empty<float>(last + (querySlots * parameters.OutputTokenStride));
        data.Launch("sm80_int8_qk_int8_pv_block_sparse_d64_r64_fine_quantized", 1, 1, parameters);
        List<object> results = [data.Read<float>(parameters.LogSumExp, firstRow, Rows)];
        for (int token = firstToken; token < querySlots; token++)
        {
            results.Add(data.Read<float>(parameters.Output, last + (token * parameters.OutputTokenStride), Channels));
        }

        return results;
    }

    private static byte[] Codes(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (byte)random.Next(-127, 128))];
    }

    private static float[] Scales(int count, int seed) => Array.ConvertAll(FarRows.Normal(count, seed), static x => 0.02f + (0.01f * Math.Abs(x)));

    private static ulong[] Bits()
    {
        Random random = new(7);
        return [.. Enumerable.Range(0, Rows).Select(_ => (ulong)random.NextInt64() | 1)];
    }
}
