using System.CommandLine;
using Tessera.Neural.Products;

namespace Tessera.Cli.Options;

/// <summary><c>--precision</c>: what wide products of a transformer round their operands to.</summary>
internal static class PrecisionOption
{
    private const string Wide = "float32";
    private const string Narrow = "bf16";
    private static readonly string[] Names = [Wide, Narrow];

    /// <summary>The option.</summary>
    public static Option<string?> Create() => new("--precision")
    {
        Description = "Products of the transformer's layers: float32, or bf16 for operands rounded to bfloat16, as GPUs run Wan2.1; 1.7 to "
            + "1.9 times as fast on processors with AVX512-BF16. Default: float32.",
        HelpName = string.Join('|', Names),
        CustomParser = static result => NameOption.ParseOne(result, "Precision", Names),
    };

    /// <summary>What was asked for.</summary>
    public static ProductPrecision Read(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) == Narrow ? ProductPrecision.BFloat16 : ProductPrecision.Float32;

    /// <summary>The value of the option that stands for a precision.</summary>
    public static string NameOf(ProductPrecision precision) => precision == ProductPrecision.BFloat16 ? Narrow : Wide;
}
