namespace GpuCheck.Probes;

/// <summary>Probes of shuffles, barriers and the products of a warp.</summary>
internal static class WarpProbes
{
    private const string Source = "sm80_probe_warp.cu";
    private const string Warp = "mma.sync.aligned.m16n8k32.row.col";
    private const int Tiles = 8;

    // What products begin at that take no accumulator: the bits of 1.5 * 2^23, as attention has it.
    private const uint Start = 0x4b400000;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<InstructionProbe> All { get; } =
    [
        new("probe_shuffle_xor", Source, 32, 0, ["shfl.sync.bfly.b32"], Shuffle),
        new("probe_any_lane", Source, 32, 0, ["vote.sync.any.pred", "setp.ne.b32", "selp.b32"], AnyLane),
        new("probe_block_barrier", Source, 256, 1024, ["bar.sync"],
            static () => MemoryProbes.Permuted(256, static i => (i + (31 * 36)) % 256)),
        new("probe_named_barrier", Source, 256, 512, ["bar.sync", "bar.arrive"],
            static () => MemoryProbes.Permuted(128, static i => 127 - i)),
        Product("probe_mma_s8_s8", Source, $"{Warp}.s32.s8.s8.s32", ProductType.SignedBytes),
        Product("probe_mma_u8_s8", Source, $"{Warp}.s32.u8.s8.s32", ProductType.UnsignedBytes),
        Product("probe_mma_bf16", Source, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", ProductType.BFloat16),
        Product("probe_mma_f16", Source, "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", ProductType.Half),
        Product("probe_mma_s8_s8_from", Source, $"{Warp}.s32.s8.s8.s32", ProductType.SignedBytes, Start),
        Product("probe_mma_u8_s8_from", Source, $"{Warp}.s32.u8.s8.s32", ProductType.UnsignedBytes, Start),
        Product("probe_mma_e4m3", "sm89_probe_e4m3.cu", $"{Warp}.f32.e4m3.e4m3.f32", ProductType.Float8),
    ];

    /// <summary>The first kernel that a new machine runs: a x + y over a grid.</summary>
    public static InstructionProbe Axpy { get; } = new("probe_axpy", Source, 256, 0, [], static () =>
    {
        const int Count = 100_003;
        const float Factor = 1.25f;
        Random random = new(11);
        float[] x = [.. Enumerable.Range(0, 2 * Count).Select(_ => (random.NextSingle() * 2) - 1)];
        return new ProbeData(
            [BitConverter.SingleToUInt32Bits(Factor), .. x.Select(BitConverter.SingleToUInt32Bits)],
            [
                .. Enumerable.Range(0, Count)
                    .Select(i => BitConverter.SingleToUInt32Bits(MathF.FusedMultiplyAdd(Factor, x[i], x[Count + i]))),
            ],
            Count)
        {
            Blocks = (Count + 255) / 256,
        };
    });

    /// <summary>Operands of the product of a warp in the registers of its lanes: g = lane / 4, c = lane % 4.</summary>
    /// <param name="tiles">16 rows, 8 columns, 32 bytes each.</param>
    /// <param name="accumulators">Element i, j of tile t before.</param>
    public static ProbeData Fragments(IReadOnlyList<ProductTile> tiles, Func<int, int, int, uint> accumulators)
    {
        uint[] input = new uint[320 * tiles.Count];
        uint[] expected = new uint[128 * tiles.Count];
        for (int t = 0; t < tiles.Count; t++)
        {
            for (int lane = 0; lane < 32; lane++)
            {
                (int g, int c) = (lane / 4, lane % 4);
                for (int r = 0; r < 4; r++)
                {
                    // a: r0 row g, bytes 4c..; r1 row g + 8; r2 row g, bytes 16 + 4c..; r3 row g + 8.
                    // d: rows g, g + 8 by columns 2c, 2c + 1.
                    (int row, int column) = (g + (8 * (r / 2)), (2 * c) + (r % 2));
                    input[(320 * t) + (32 * r) + lane] = ProductTile.Word(tiles[t].A[g + (8 * (r % 2))], (16 * (r / 2)) + (4 * c));
                    input[(320 * t) + (32 * (6 + r)) + lane] = accumulators(t, row, column);
                    expected[(128 * t) + (32 * r) + lane] = tiles[t].Element(row, column, accumulators(t, row, column));
                }

                input[(320 * t) + (32 * 4) + lane] = ProductTile.Word(tiles[t].B[g], 4 * c);
                input[(320 * t) + (32 * 5) + lane] = ProductTile.Word(tiles[t].B[g], 16 + (4 * c));
            }
        }

        return new ProbeData(input, expected, tiles.Count);
    }

    private static InstructionProbe Product(string kernel, string source, string mnemonic, ProductType type, uint? start = null) =>
        new(kernel, source, 32, 0, [mnemonic], () =>
        {
            Random random = new(13);
            ProductTile[] tiles = [.. Enumerable.Range(0, Tiles).Select(_ => new ProductTile(type, 16, 8, 32, random))];
            bool integer = tiles[0].IsInteger;
            int[] before = [.. Enumerable.Range(0, 128 * Tiles).Select(_ => random.Next(-1_000_000, 1_000_000))];
            ProbeData data = Fragments(tiles, (t, row, column) =>
            {
                int given = before[(128 * t) + (8 * row) + column];
                return start ?? (integer ? (uint)given : BitConverter.SingleToUInt32Bits(given / 1000));
            });
            return start is null ? data : data with { Input = WithoutAccumulators(data.Input) };
        });

    // The kernel is given other accumulators than the ones the result begins at.
    private static uint[] WithoutAccumulators(uint[] input) => [.. input.Select(static (word, i) => i % 320 >= 192 ? 0xdeadbeef : word)];

    // No lane, each lane alone, all of them.
    private static ProbeData AnyLane()
    {
        uint[] words = new uint[32 * 34];
        for (int lane = 0; lane < 32; lane++)
        {
            words[(32 * (1 + lane)) + lane] = 1u << lane;
            words[(32 * 33) + lane] = 0x80000000;
        }

        return new ProbeData(words, [.. Enumerable.Range(0, words.Length).Select(static i => i < 32 ? 0u : 1u)], 34);
    }

    private static ProbeData Shuffle()
    {
        uint[] words = MemoryProbes.Words(32);
        int[] masks = [1, 2, 4, 8, 16, 31];
        return new ProbeData(words, [.. masks.SelectMany(mask => Enumerable.Range(0, 32).Select(lane => words[lane ^ mask]))], 32);
    }
}
