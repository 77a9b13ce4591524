namespace GpuCheck.Probes;

/// <summary>Probes of one thread's instructions: three words in, one out, held against the definition.</summary>
internal static class ScalarProbes
{
    private const string Source = "sm80_probe_scalar.cu";
    private const int Pairs = 1 << 11;

    // ex2.approx.ftz and lg2.approx.ftz are good to two units in the last place; lg2 near 1 to 2^-22 absolutely.
    private static readonly double ApproximateBound = Math.ScaleB(1, -22);

    private static readonly float[] Special =
    [
        0f, -0f, 1f, -1f, 0.5f, 1.5f, 2.5f, -2.5f, 3.5f, float.Epsilon, -float.Epsilon, 1.1754942e-38f, 1.1754944e-38f,
        -1.1754944e-38f, 1e-30f, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1f /
        3, 3.1415927f, 8388608f, 8388609f, 16777215f, 12582912f, 255f, 127.5f, 448f, 463.9999f, 464f, 464.00003f, 480f,
        0.001953125f, 0.0009765625f, 0.00097656256f, 65504f, 65519.996f, 65520f, 2147483520f, 2147483648f, -2147483648f,
        -2147483904f, 3.3895314e38f, 3.3961775e38f, 6.1035156e-5f, 5.9604645e-8f, 2.9802322e-8f,
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<InstructionProbe> All { get; } =
    [
        Probe("probe_bits", ["mov.b32"], Words, static (a, _, _) => a),
        Probe("probe_permute_bytes", ["prmt.b32"], Words, static (a, b, c) => PermuteBytes(a, b, c)),
        Probe("probe_sum_of_bytes", ["dp4a.u32.u32"], Words,
            static (a, b, _) => unchecked(b + (a & 255) + ((a >> 8) & 255) + ((a >> 16) & 255) + (a >> 24))),
        Probe("probe_multiply", ["mul.rn.f32"], Floats, static (a, b, _) => Bits(Of(a) * Of(b)), Comparison.Float32),
        Probe("probe_multiply_up", ["mul.rp.f32"], Floats, static (a, b, _) => Bits(Rounding.MultiplyUp(Of(a), Of(b))), Comparison.Float32),
        Probe("probe_subtract", ["sub.rn.f32"], Floats, static (a, b, _) => Bits(Of(a) - Of(b)), Comparison.Float32),
        Probe("probe_divide", ["div.rn.f32"], Floats, static (a, b, _) => Bits(Of(a) / Of(b)), Comparison.Float32),
        Probe("probe_multiply_add", ["fma.rn.f32"], Floats,
            static (a, b, c) => Bits(MathF.FusedMultiplyAdd(Of(a), Of(b), Of(c))), Comparison.Float32),
        Probe("probe_multiply_add_truncated", ["fma.rz.f32"], Floats,
            static (a, b, c) => Bits(Rounding.MultiplyAddTowardZero(Of(a), Of(b), Of(c))), Comparison.Float32),
        Probe("probe_maximum", ["max.f32"], Floats, static (a, b, _) => Bits(MaximumNumber(Of(a), Of(b))), Comparison.Float32),
        Probe("probe_magnitude", ["abs.f32"], Floats, static (a, _, _) => a & 0x7fffffff, Comparison.Float32),
        Probe("probe_exp2", ["ex2.approx.ftz.f32"], Exponents,
            static (a, _, _) => Bits(Exp2(Of(a))), Comparison.Within(ApproximateBound, 0)),
        Probe("probe_log2", ["lg2.approx.ftz.f32"], Floats,
            static (a, _, _) => Bits(Log2(Of(a))), Comparison.Within(ApproximateBound, ApproximateBound)),
        Probe("probe_integer_minimum", ["min.s32"], Words, static (a, b, _) => (uint)Math.Min((int)a, (int)b)),
        Probe("probe_integer_maximum", ["max.s32"], Words, static (a, b, _) => (uint)Math.Max((int)a, (int)b)),
        Probe("probe_round_to_even", ["cvt.rni.s32.f32"], Floats, static (a, _, _) => (uint)Rounding.IntegerOf(Of(a))),
        Probe("probe_widen_half", ["cvt.f32.f16"], Halves,
            static (a, _, _) => Bits((float)BitConverter.UInt16BitsToHalf((ushort)a)), Comparison.Float32),
        Probe("probe_narrow_half", ["cvt.rn.f16.f32"], Floats, static (a, _, _) => Rounding.HalfOf(Of(a)), Comparison.Half),
        Probe("probe_pack_bf16", ["cvt.rn.bf16x2.f32"], Floats,
            static (a, b, _) => Rounding.BFloat16Of(Of(a)) | (Rounding.BFloat16Of(Of(b)) << 16), Comparison.BFloat16Pair),
        Probe("probe_pack_f16", ["cvt.rn.f16x2.f32"], Floats,
            static (a, b, _) => Rounding.HalfOf(Of(a)) | (Rounding.HalfOf(Of(b)) << 16), Comparison.HalfPair),
        Probe("probe_pack_e4m3", ["cvt.rn.satfinite.e4m3x2.f32"], SmallFloats,
            static (a, b, _) => Rounding.Float8Of(Of(a)) | (Rounding.Float8Of(Of(b)) << 8), Comparison.Float8Pair)
            with { Source = "sm89_probe_e4m3.cu" },
    ];

    private static InstructionProbe Probe(
        string kernel, string[] mnemonics, Func<uint[]> inputs, Func<uint, uint, uint, uint> expected, Comparison? comparison = null) =>
        new(kernel, Source, 32, 0, mnemonics, () =>
        {
            uint[] words = inputs();
            int count = words.Length / 3;
            uint[] results = new uint[count];
            for (int i = 0; i < count; i++)
            {
                results[i] = expected(words[i], words[count + i], words[(2 * count) + i]);
            }

            return new ProbeData(words, results, count) { Comparison = comparison ?? Comparison.Bits };
        });

    private static uint[] Words()
    {
        Random random = new(1);
        uint[] words = new uint[3 * Pairs];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = i % 5 == 0 ? Bits(Special[random.Next(Special.Length)]) : (uint)random.NextInt64(1L << 32);
        }

        return words;
    }

    // Every pair of special numbers, then random ones: near each other, so that sums cancel, and far from each other.
    private static uint[] Floats()
    {
        Random random = new(2);
        int special = Special.Length * Special.Length;
        int count = special + Pairs;
        uint[] words = new uint[3 * count];
        for (int i = 0; i < count; i++)
        {
            float a = i < special ? Special[i / Special.Length] : Number(random, 8);
            float b = i < special ? Special[i % Special.Length] : Number(random, 8);
            float c = (i % 4) switch { 0 => -(a * b), 1 => Special[i % Special.Length], 2 => Number(random, 8), _ => Number(random, 60) };
            (words[i], words[count + i], words[(2 * count) + i]) = (Bits(a), Bits(b), Bits(c));
        }

        return words;
    }

    private static uint[] SmallFloats()
    {
        Random random = new(3);
        uint[] words = Floats();
        for (int i = Special.Length * Special.Length; i < words.Length / 3; i++)
        {
            // The middle of two codes now and then.
            words[i] = i % 3 == 0 ? Bits((float)Math.ScaleB(random.Next(1, 32) + 0.5, random.Next(-14, 5))) : Bits(Number(random, 10));
        }

        return words;
    }

    private static uint[] Exponents()
    {
        Random random = new(4);
        uint[] words = Floats();
        for (int i = Special.Length * Special.Length; i < words.Length / 3; i++)
        {
            words[i] = Bits((float)((random.NextDouble() * 300) - 160));
        }

        return words;
    }

    private static uint[] Halves()
    {
        uint[] words = new uint[3 << 16];
        for (int i = 0; i < 1 << 16; i++)
        {
            words[i] = (uint)i;
        }

        return words;
    }

    private static float Number(Random random, int exponents) =>
        (float)Math.ScaleB((random.NextDouble() + 1) * (random.Next(2) == 0 ? 1 : -1), random.Next(-exponents, exponents));

    private static uint PermuteBytes(uint a, uint b, uint selector)
    {
        ulong bytes = ((ulong)b << 32) | a;
        uint result = 0;
        for (int i = 0; i < 4; i++)
        {
            uint choice = (selector >> (4 * i)) & 15;
            byte value = (byte)(bytes >> (8 * (int)(choice & 7)));
            result |= (uint)((choice & 8) == 0 ? value : (value & 0x80) != 0 ? 0xff : 0) << (8 * i);
        }

        return result;
    }

    // NaN loses to a number, and +0 is larger than -0.
    private static float MaximumNumber(float a, float b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Max(a, b);

    private static float Exp2(float x) => Flushed((float)Math.Pow(2, Flushed(x)));

    private static float Log2(float x) => (float)Math.Log2(Flushed(x));

    private static float Flushed(float x) => float.IsSubnormal(x) ? MathF.CopySign(0, x) : x;

    private static float Of(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    private static uint Bits(float x) => BitConverter.SingleToUInt32Bits(x);
}
