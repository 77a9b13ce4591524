using Tessera.Cuda.Compilation;
using Tessera.Cuda.Launch.Parameters;
using Tessera.Quantization;

namespace Tessera.Cuda.Launch;

/// <summary>The kernels of this package: modules, entry points and instantiations of the attention template.</summary>
internal static class KernelCatalogue
{
    /// <summary>Slots of a block of the kernels that quantise Q and K, and what padded slots are a multiple of.</summary>
    public const int RowSlots = 128;

    /// <summary>Slots of a block of the kernels that quantise V, and of a key block.</summary>
    public const int KeySlots = 64;

    private const int QuantizeThreads = 256;
    private const int StatisticsThreads = 128;

    /// <summary>Instantiations of the attention template.</summary>
    public static IReadOnlyList<AttendInstance> Attention { get; } =
    [
        .. new[] { 64, 128 }.SelectMany(static channels => new AttendInstance[]
        {
            new(NumberFormat.Int8, channels, 64),
            new(NumberFormat.Int8, channels, 64, Truncates: true),
            new(NumberFormat.Int8, channels, 64, HasQuantizedSum: true),
            new(NumberFormat.Int8, channels, 64, IsFine: true),
            new(NumberFormat.Int8, channels, 64, IsFine: true, HasQuantizedSum: true),
            new(NumberFormat.Int8, channels, 64) { Values = NumberFormat.Float16 },
            new(NumberFormat.BFloat16, channels, 64),
            new(NumberFormat.Float8E4M3, channels, 64),
            new(NumberFormat.Float8E4M3, channels, 64, IsFine: true),
        }),
        new(NumberFormat.Int8, 128, 128),
        new(NumberFormat.Int8, 128, 128, IsFine: true, HasQuantizedSum: true),
        new(NumberFormat.Int8, 128, 128) { Values = NumberFormat.Float16 },
        new(NumberFormat.BFloat16, 128, 128),
    ];

    /// <summary>All entry points.</summary>
    public static IReadOnlyList<KernelInstance> Kernels { get; } =
    [
        .. new[] { 64, 128 }.SelectMany(Companions),
        new("channel_means", typeof(ChannelMeansParameters), StatisticsThreads, 0),
        .. Attention.Select(static kernel =>
            new KernelInstance(kernel.Name, typeof(AttendParameters), kernel.Threads, kernel.SharedBytes)),
    ];

    /// <summary>Translation units.</summary>
    public static IReadOnlyList<KernelModule> Modules { get; } =
    [
        Module("quantize_rows", 80, ["codes.cuh", "rows.cuh", "quantize_rows.cuh", "statistics.cuh"],
            Named("quantize_rows", "group_", "channel_")),
        Module("quantize_values", 80, ["codes.cuh", "rows.cuh", "quantize_values.cuh"], Named("quantize_values", "value_")),
        Module("sm89_quantize_e4m3", 89, ["codes.cuh", "rows.cuh", "quantize_rows.cuh", "quantize_values.cuh"],
            Named("sm89_quantize")),
        AttentionModule("sm80_int8_qk_int8_pv_block_sparse"),
        AttentionModule("sm80_int8_qk_f16_pv_block_sparse"),
        AttentionModule("sm80_bf16_qk_bf16_pv_block_sparse"),
        AttentionModule("sm89_e4m3_qk_e4m3_pv_block_sparse"),
    ];

    /// <summary>The entry point of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static KernelInstance Find(string name) =>
        Kernels.FirstOrDefault(kernel => kernel.Name == name)
        ?? throw new ArgumentException($"No kernel is named '{name}'.", nameof(name));

    private static KernelModule AttentionModule(string name) =>
        Module(name, name.StartsWith("sm89", StringComparison.Ordinal) ? 89 : 80, ["codes.cuh", "formats.cuh", "attend.cuh"],
            Named(name));

    private static KernelModule Module(string name, int architecture, string[] headers, string[] kernels) =>
        new(name, name + ".cu", ["compat.cuh", "prims.cuh", "parameters.cuh", .. headers], architecture, kernels);

    private static string[] Named(params string[] prefixes) =>
    [
        .. Kernels.Select(static kernel => kernel.Name)
            .Where(name => prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))),
    ];

    private static IEnumerable<KernelInstance> Companions(int channels)
    {
        int rows = QuantizeThreads / 32 * sizeof(float);
        int values = sizeof(float) * ((KeySlots * (channels + 4)) + QuantizeThreads);
        yield return new($"quantize_rows_int8_d{channels}", typeof(QuantizeRowsParameters), QuantizeThreads, rows);
        yield return new($"quantize_rows_bf16_d{channels}", typeof(QuantizeRowsParameters), QuantizeThreads, rows);
        yield return new($"sm89_quantize_rows_e4m3_d{channels}", typeof(QuantizeRowsParameters), QuantizeThreads, rows);
        yield return new($"group_maxima_d{channels}", typeof(GroupMaximaParameters), StatisticsThreads, 0);
        yield return new($"channel_sums_d{channels}", typeof(ChannelSumsParameters), StatisticsThreads, 0);
        yield return new($"quantize_values_int8_d{channels}", typeof(QuantizeValuesParameters), QuantizeThreads, values);
        yield return new($"quantize_values_bf16_d{channels}", typeof(QuantizeValuesParameters), QuantizeThreads, values);
        yield return new($"quantize_values_f16_d{channels}", typeof(QuantizeValuesParameters), QuantizeThreads, values);
        yield return new($"sm89_quantize_values_e4m3_d{channels}", typeof(QuantizeValuesParameters), QuantizeThreads, values);
        yield return new($"value_maxima_d{channels}", typeof(ValueMaximaParameters), QuantizeThreads, values);
    }
}
