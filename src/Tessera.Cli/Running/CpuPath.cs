using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Cli.Options;
using Tessera.Cli.Output;
using Tessera.Neural.Products;
using Tessera.Quantization;

namespace Tessera.Cli.Running;

/// <summary>Which instructions the CPU path takes, and which number formats that makes fast.</summary>
internal static class CpuPath
{
    private const int Tokens = 256;
    private const int HeadDim = 128;

    /// <summary>The path of a process.</summary>
    /// <param name="options">Of the cpu backend.</param>
    /// <param name="bfloat16Fault">Why products of bfloat16 take float32 instructions; null where they do not.</param>
    public static CpuPathReport Of(CpuOptions options, string? bfloat16Fault)
    {
        int bits = options.EffectiveInstructionSet switch
        {
            CpuInstructionSet.Vector512 => 512,
            CpuInstructionSet.Vector256 => 256,
            _ => 128,
        };
        CpuBackend backend = new(options);
        QuantizationRecipe int8 = options.EffectiveVnni ? KnownRecipes.Int8 : KnownRecipes.Int8Narrow;
        string wide = $"{bits}-bit multiply-adds";
        return new CpuPathReport
        {
            InstructionSets = [.. InstructionSets(options, bits, bfloat16Fault is null)],
            VectorBits = bits,
            Attention = [.. new[] { KnownRecipes.Float32, int8, KnownRecipes.KeyValue4 }.Select(recipe => Attention(backend, recipe))],
            Products =
            [
                new CpuPathProduct(PrecisionOption.NameOf(ProductPrecision.Float32), wide),
                new CpuPathProduct(
                    PrecisionOption.NameOf(ProductPrecision.BFloat16),
                    bfloat16Fault is null ? "512-bit vdpbf16ps" : $"rounded operands and {wide}, no faster"),
            ],
        };
    }

    private static IEnumerable<string> InstructionSets(CpuOptions options, int bits, bool hasBFloat16)
    {
        if (bits >= 256)
        {
            yield return "AVX2";
            yield return "FMA";
        }

        if (bits >= 512)
        {
            yield return "AVX-512";
        }

        if (options.EffectiveVnni)
        {
            yield return options.EffectiveEmittedVnni ? "AVX512-VNNI" : "AVX-VNNI";
        }

        if (hasBFloat16)
        {
            yield return "AVX512-BF16";
        }
    }

    // The backend itself says which kernels a plan gets.
    private static CpuPathProduct Attention(CpuBackend backend, QuantizationRecipe recipe)
    {
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 1, Tokens, Tokens, HeadDim)) with { Recipe = recipe };
        string kernels = backend.Supports(plan).Reason;
        return new CpuPathProduct(recipe.IsExact ? "fp32" : recipe.Name, kernels[..kernels.LastIndexOf(", ", StringComparison.Ordinal)]);
    }
}
