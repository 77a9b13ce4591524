using Tessera.Cuda.Compilation;

namespace GpuCheck.Probes;

/// <summary>A loop that shows how fast one unit of a multiprocessor can go.</summary>
/// <param name="Kernel">Entry point in <paramref name="Source"/>.</param>
/// <param name="Source">File of <c>Kernels</c>; its name begins with the lowest target.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="SharedBytes">Shared memory of a block.</param>
/// <param name="Amount">What a block does in a turn, in operations or bytes.</param>
/// <param name="Unit">10^12 of them a second.</param>
/// <param name="Turns">Turns that take about a millisecond on an H200.</param>
/// <param name="Data">Input and, for one block, what comes out after a number of turns.</param>
internal sealed record Ceiling(
    string Kernel, string Source, int Threads, int SharedBytes, double Amount, string Unit, int Turns, Func<int, ProbeData> Data)
{
    private const string Portable = "sm80_ceilings.cu";
    private const string Float8 = "sm89_ceilings.cu";
    private const string Hopper = "sm90a_ceilings.cu";
    private const int Warps = 8;
    private const int MatrixRows = 128;
    private const int MatrixRowWords = 36;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Ceiling> All { get; } =
    [
        new("ceiling_exp2", Portable, 256, 0, 256 * 8, "T exp2/s", 4096, Exponentials),
        OfWarp("ceiling_mma_s8_s8", Portable, ProductType.SignedBytes),
        OfWarp("ceiling_mma_u8_s8", Portable, ProductType.UnsignedBytes),
        OfWarp("ceiling_mma_bf16", Portable, ProductType.BFloat16),
        OfWarp("ceiling_mma_e4m3", Float8, ProductType.Float8),
        new("ceiling_load_matrices", Portable, 256, 4 * MatrixRows * MatrixRowWords, Warps * 4 * 512, "TB/s", 4096, Matrices),
        OfWarpgroup("ceiling_wgmma_s8", ProductType.SignedBytes),
        OfWarpgroup("ceiling_wgmma_e4m3", ProductType.Float8),
        OfWarpgroup("ceiling_wgmma_bf16", ProductType.BFloat16),
    ];

    /// <summary>The loop as a probe, to launch it.</summary>
    public InstructionProbe Probe => new(Kernel, Source, Threads, SharedBytes, [], () => Data(2));

    /// <summary>The files as modules for an architecture; 90 means sm_90a.</summary>
    public static IReadOnlyList<KernelModule> Modules(int architecture) =>
    [
        .. All.GroupBy(static ceiling => ceiling.Source).Select(file =>
        {
            InstructionProbe first = file.First().Probe;
            return first.ModuleFor(architecture) with
            {
                Name = Path.GetFileNameWithoutExtension(file.Key),
                Kernels = [.. file.Select(static ceiling => ceiling.Kernel)],
            };
        }),
    ];

    private static Ceiling OfWarp(string kernel, string source, ProductType type)
    {
        int k = type == ProductType.BFloat16 ? 16 : 32;
        return new Ceiling(kernel, source, 256, 0, Warps * 8.0 * 2 * 16 * 8 * k, "TOP/s", 4096, turns =>
        {
            Random random = new(31);
            ProductTile[] tiles = [.. Enumerable.Range(0, 4).Select(_ => new ProductTile(type, 16, 8, 32, random))];
            ProductTile[] products = [.. Enumerable.Range(0, 8).Select(i => tiles[i / 4].Times(tiles[i % 4]))];
            uint[] expected = new uint[4 * 256];
            for (int thread = 0; thread < 256; thread++)
            {
                for (int r = 0; r < 4; r++)
                {
                    int row = (thread % 32 / 4) + (8 * (r / 2));
                    int column = (2 * (thread % 4)) + (r % 2);
                    expected[(4 * thread) + r] = Total(tiles[0].IsInteger, turns, products.Select(product => product.Element(row, column)));
                }
            }

            return WarpProbes.Fragments(tiles, static (_, _, _) => 0) with { Expected = expected, Count = turns };
        });
    }

    private static Ceiling OfWarpgroup(string kernel, ProductType type)
    {
        int k = type == ProductType.BFloat16 ? 64 : 128;
        return new Ceiling(kernel, Hopper, 128, 128 * (64 + 128), 2.0 * 64 * 128 * k, "TOP/s", 2048, turns =>
        {
            ProductTile tile = new(type, 64, 128, 128, new Random(37));
            uint[] expected =
            [
                .. Enumerable.Range(0, 128).Select(thread => Total(tile.IsInteger, turns, Enumerable.Range(0, 64).Select(i =>
                {
                    (int row, int column) = WarpgroupProbes.Place(i, thread);
                    return tile.Element(row, column);
                }))),
            ];
            return WarpgroupProbes.Operands(tile) with { Expected = expected, Count = turns };
        });
    }

    // Integers wrap as registers do; floats of the probes are small integers, and add up exactly.
    private static uint Total(bool isInteger, int turns, IEnumerable<uint> words) => isInteger
        ? unchecked((uint)(turns * words.Sum(static word => (long)(int)word)))
        : BitConverter.SingleToUInt32Bits((float)(turns * words.Sum(static word => (double)BitConverter.UInt32BitsToSingle(word))));

    private static ProbeData Exponentials(int turns)
    {
        Random random = new(41);
        float[] x = [.. Enumerable.Range(0, 8 * 256).Select(_ => (random.NextSingle() * 2) - 1.5f)];
        uint[] expected = new uint[256];
        for (int thread = 0; thread < 256; thread++)
        {
            double sum = 0;
            foreach (float start in x.AsSpan(8 * thread, 8))
            {
                double value = start;
                for (int turn = 0; turn < turns; turn++)
                {
                    value = Math.Pow(2, value);
                }

                sum += value;
            }

            expected[thread] = BitConverter.SingleToUInt32Bits((float)sum);
        }

        return new ProbeData([.. x.Select(BitConverter.SingleToUInt32Bits)], expected, turns) { Comparison = Comparison.Within(1e-5, 0) };
    }

    private static ProbeData Matrices(int turns)
    {
        uint[] words = MemoryProbes.Words(MatrixRows * MatrixRowWords);
        uint[] expected = new uint[4 * 256];
        for (int thread = 0; thread < 256; thread++)
        {
            for (int matrix = 0; matrix < 4; matrix++)
            {
                // The lane whose address names the row that this lane reads a word of.
                int lane = (8 * matrix) + (thread % 32 / 4);
                uint sum = 0;
                for (int turn = 0; turn < turns; turn++)
                {
                    int row = (16 * (((thread / 32) + turn) & 7)) + (lane & 15);
                    for (int i = 0; i < 4; i++)
                    {
                        sum = unchecked(sum + words[(MatrixRowWords * row) + (4 * (lane >> 4)) + (8 * i) + (thread % 4)]);
                    }
                }

                expected[(4 * thread) + matrix] = sum;
            }
        }

        return new ProbeData(words, expected, turns);
    }
}
