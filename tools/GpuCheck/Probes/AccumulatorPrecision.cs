namespace GpuCheck.Probes;

/// <summary>
/// How many bits below the largest term of a sum the tensor cores keep. One product is 2^16, all others of a row are 2^(16 - e): what of
/// them is left in the result, for each e, tells to how many bits terms are aligned before they are added. Once with the large term among
/// the products of one instruction, once in the accumulator that they are added to.
/// </summary>
/// <param name="Name">The product.</param>
/// <param name="Kernel">The probe whose kernel multiplies.</param>
/// <param name="Type">Type of both operands.</param>
/// <param name="IsWarpgroup">Whether it is one of a warpgroup.</param>
internal sealed record AccumulatorPrecision(string Name, string Kernel, ProductType Type, bool IsWarpgroup)
{
    // Columns 0 and 1 tell apart the small terms of rows 0 to 15: exponents of e = 1..16 and 17..32.
    private const int Steps = 32;
    private const int LargeExponent = 16;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<AccumulatorPrecision> All { get; } =
    [
        new("mma.sync e4m3", "probe_mma_e4m3", ProductType.Float8, false),
        new("mma.sync bf16", "probe_mma_bf16", ProductType.BFloat16, false),
        new("wgmma e4m3", "probe_wgmma_m64n64k32_e4m3_shared", ProductType.Float8, true),
        new("wgmma bf16", "probe_wgmma_m64n64k16_bf16_shared", ProductType.BFloat16, true),
    ];

    /// <summary>The probe whose kernel multiplies.</summary>
    public InstructionProbe Probe => ProbeCatalogue.Of(Kernel);

    /// <summary>Inputs of the kernel.</summary>
    /// <param name="inAccumulator">Whether the large term comes first, through the accumulator.</param>
    public ProbeData Data(bool inAccumulator)
    {
        int width = Type == ProductType.BFloat16 ? 2 : 1;
        int bytes = IsWarpgroup ? 128 : 32;
        ProductTile tile = new(Type, IsWarpgroup ? 64 : 16, IsWarpgroup ? 64 : 8, bytes);

        // The first step of 32 bytes has the large term (and the small ones beside it), the second the small ones behind it.
        int firstSmall = inAccumulator ? (IsWarpgroup ? 32 : 0) : width;
        int end = inAccumulator && IsWarpgroup ? 64 : 32;
        bool hasLarge = IsWarpgroup || !inAccumulator;
        for (int row = 0; row < 16; row++)
        {
            Fill(tile.A[row], firstSmall, end, 7 - row, hasLarge);
        }

        for (int column = 0; column < 2; column++)
        {
            // 2^8 times 2^(7 - row) is 2^(16 - (row + 1)); 2^-8 times it is 2^(16 - (row + 17)).
            Fill(tile.B[column], firstSmall, end, column == 0 ? 8 : -8, hasLarge);
        }

        float start = inAccumulator ? 1 << LargeExponent : 0;
        return IsWarpgroup
            ? WarpgroupProbes.Operands(tile)
            : WarpProbes.Fragments([tile], (_, row, column) => row < 16 && column < 2 ? BitConverter.SingleToUInt32Bits(start) : 0);
    }

    /// <summary>Share of the small terms' sum that is left, for e = 1 to 32.</summary>
    /// <param name="output">What the kernel wrote.</param>
    /// <param name="inAccumulator">As for the data.</param>
    public double[] Kept(uint[] output, bool inAccumulator)
    {
        int terms = (32 / (Type == ProductType.BFloat16 ? 2 : 1)) - (inAccumulator ? 0 : 1);
        double[] kept = new double[Steps];
        for (int e = 1; e <= Steps; e++)
        {
            (int row, int column) = ((e - 1) % 16, (e - 1) / 16);
            double sum = BitConverter.UInt32BitsToSingle(output[IndexOf(row, column)]);
            kept[e - 1] = (sum - Math.ScaleB(1, LargeExponent)) / (terms * Math.ScaleB(1, LargeExponent - e));
        }

        return kept;
    }

    /// <summary>The largest e whose terms are kept by half or more, as are all larger ones.</summary>
    public static int Bits(double[] kept) => kept.TakeWhile(static share => share is >= 0.5 and <= 2).Count();

    // One large term 2^8 at the beginning, small ones 2^exponent from one byte to another.
    private void Fill(byte[] row, int first, int end, int exponent, bool hasLarge)
    {
        int width = Type == ProductType.BFloat16 ? 2 : 1;
        if (hasLarge)
        {
            Put(row, 0, 8);
        }

        for (int k = first; k < end; k += width)
        {
            Put(row, k, exponent);
        }
    }

    private void Put(byte[] row, int k, int exponent)
    {
        float value = (float)Math.ScaleB(1, exponent);
        uint code = Type == ProductType.BFloat16 ? Rounding.BFloat16Of(value) : Rounding.Float8Of(value);
        row[k] = (byte)code;
        if (Type == ProductType.BFloat16)
        {
            row[k + 1] = (byte)(code >> 8);
        }
    }

    private int IndexOf(int row, int column)
    {
        if (!IsWarpgroup)
        {
            return (32 * ((2 * (row / 8)) + (column % 2))) + (4 * (row % 8)) + (column / 2);
        }

        for (int i = 0; i < 32; i++)
        {
            for (int thread = 0; thread < 128; thread++)
            {
                if (WarpgroupProbes.Place(i, thread) == (row, column))
                {
                    return (128 * i) + thread;
                }
            }
        }

        throw new ArgumentOutOfRangeException(nameof(row), row, "The result has no such element.");
    }
}
