using Tessera.Quantization;

namespace Tessera.Cuda.Launch;

/// <summary>
/// One instantiation of the attention template (Kernels/attend.cuh). Its name says all of it:
/// <c>sm80_int8_qk_int8_pv_block_sparse_d128_r64_fine_quantized</c>.
/// </summary>
/// <param name="Operands">Int8, BFloat16 or Float8E4M3: the codes of Q and K.</param>
/// <param name="Channels">64 or 128 channels of the codes.</param>
/// <param name="Rows">Query slots of a block: 64 or 128.</param>
/// <param name="IsFine">A scale per key slot and per value channel and 64 keys; otherwise one per 64 keys, and per value channel.</param>
/// <param name="HasQuantizedSum">The denominator adds the codes of P.</param>
/// <param name="Truncates">P is rounded toward zero.</param>
internal sealed record AttendInstance(
    NumberFormat Operands, int Channels, int Rows, bool IsFine = false, bool HasQuantizedSum = false, bool Truncates = false)
{
    private const int Keys = 64;

    /// <summary>The codes of V, and of P where they are not integers (then P is unsigned): as Q and K, or Float16 with Int8.</summary>
    public NumberFormat Values { get; init; } = Operands;
    private const int RowPadding = 16;

    /// <summary>Lowest compute capability times ten.</summary>
    public int MinimumArchitecture => Operands == NumberFormat.Float8E4M3 ? 89 : 80;

    /// <summary>Name of the translation unit.</summary>
    public string Module => Operands switch
    {
        NumberFormat.Int8 when Values == NumberFormat.Float16 => "sm80_int8_qk_f16_pv_block_sparse",
        NumberFormat.BFloat16 => "sm80_bf16_qk_bf16_pv_block_sparse",
        NumberFormat.Float8E4M3 => "sm89_e4m3_qk_e4m3_pv_block_sparse",
        _ => "sm80_int8_qk_int8_pv_block_sparse",
    };

    /// <summary>Entry point.</summary>
    public string Name => FormattableString.Invariant($"{Module}_d{Channels}_r{Rows}") + Values switch
    {
        NumberFormat.Float16 => "",
        NumberFormat.BFloat16 => "",
        NumberFormat.Float8E4M3 => IsFine ? "_fine" : "_coarse",
        _ => (IsFine ? "_fine" : "_coarse") + (HasQuantizedSum ? "_quantized" : "_exact") + (Truncates ? "_truncated" : ""),
    };

    /// <summary>Threads of a block: a warp has 16 rows.</summary>
    public int Threads => 2 * Rows;

    /// <summary>Bytes of a code of Q or K.</summary>
    public int CodeBytes => Operands == NumberFormat.BFloat16 ? 2 : 1;

    /// <summary>Bytes of a code of V.</summary>
    public int ValueBytes => Values is NumberFormat.BFloat16 or NumberFormat.Float16 ? 2 : 1;

    /// <summary>Dynamic shared memory of a block: Q, two stages of K and V with 16 bytes after each row, scales of two stages.</summary>
    public int SharedBytes
    {
        get
        {
            int row = (Channels * CodeBytes) + RowPadding;
            int value = (Keys * ValueBytes) + RowPadding;
            return (Rows * row) + (2 * Keys * row) + (2 * Channels * value) + (2 * Keys * sizeof(float)) + (2 * Channels * sizeof(float));
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
