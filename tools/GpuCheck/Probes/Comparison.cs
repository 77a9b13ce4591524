namespace GpuCheck.Probes;

/// <summary>When a word that came passes for one that was wanted.</summary>
/// <param name="Name">For reports.</param>
/// <param name="Accepts">Wanted, came.</param>
internal sealed record Comparison(string Name, Func<uint, uint, bool> Accepts)
{
    /// <summary>Every bit.</summary>
    public static Comparison Bits { get; } = new("bits", static (wanted, came) => wanted == came);

    /// <summary>Every bit, but that one NaN is as good as another: the manual leaves payloads open.</summary>
    public static Comparison Float32 { get; } = new("binary32", static (wanted, came) =>
        wanted == came || (float.IsNaN(BitConverter.UInt32BitsToSingle(wanted)) && float.IsNaN(BitConverter.UInt32BitsToSingle(came))));

    /// <summary>As <see cref="Float32"/>, for binary16 in the low half; the high half must be zero.</summary>
    public static Comparison Half { get; } = new("binary16", static (wanted, came) =>
        wanted == came || (came >> 16 == 0 && IsNaN16(wanted, 0x7c00) && IsNaN16(came, 0x7c00)));

    /// <summary>As <see cref="Float32"/>, for two binary16 numbers.</summary>
    public static Comparison HalfPair { get; } = new("binary16 pair", static (wanted, came) =>
        Same16(wanted & 0xffff, came & 0xffff, 0x7c00) && Same16(wanted >> 16, came >> 16, 0x7c00));

    /// <summary>As <see cref="Float32"/>, for two bfloat16 numbers.</summary>
    public static Comparison BFloat16Pair { get; } = new("bfloat16 pair", static (wanted, came) =>
        Same16(wanted & 0xffff, came & 0xffff, 0x7f80) && Same16(wanted >> 16, came >> 16, 0x7f80));

    /// <summary>As <see cref="Float32"/>, for two E4M3 codes in the low half; the high half must be zero.</summary>
    public static Comparison Float8Pair { get; } = new("E4M3 pair", static (wanted, came) =>
        came >> 16 == 0 && SameE4M3(wanted & 0xff, came & 0xff) && SameE4M3(wanted >> 8, came >> 8));

    /// <summary>Close enough, NaN for NaN, and equal infinities and zeros.</summary>
    public static Comparison Within(double relative, double absolute) =>
        new(FormattableString.Invariant($"within {relative:g2} relative or {absolute:g2}"), (wanted, came) =>
        {
            float w = BitConverter.UInt32BitsToSingle(wanted);
            float c = BitConverter.UInt32BitsToSingle(came);
            return Float32.Accepts(wanted, came)
                || (float.IsFinite(w) && float.IsFinite(c)
                    && Math.Abs((double)w - c) <= Math.Max(absolute, relative * Math.Abs((double)w)));
        });

    private static bool IsNaN16(uint word, uint exponent) => (word & exponent) == exponent && (word & (0x7fff ^ exponent)) != 0;

    private static bool Same16(uint wanted, uint came, uint exponent) =>
        wanted == came || (IsNaN16(wanted, exponent) && IsNaN16(came, exponent));

    private static bool SameE4M3(uint wanted, uint came) => wanted == came || ((wanted & 0x7f) == 0x7f && (came & 0x7f) == 0x7f);
}
