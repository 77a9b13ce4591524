using Tessera.Attention;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>
/// Vectorised attention on the processor: block-sparse, every recipe, float32 and 8-bit and 4-bit integer products. AVX-512, AVX2 and
/// portable 128-bit code run the same loops. See docs/design/cpu-backend.md.
/// </summary>
public sealed class CpuBackend : IAttentionBackend
{
    /// <summary>Makes a backend with its own options.</summary>
    /// <exception cref="PlatformNotSupportedException">The options ask for an instruction set that this process lacks.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The thread count is negative.</exception>
    public CpuBackend(CpuOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _ = options.EffectiveThreads;
        _ = options.EffectiveInstructionSet;
        Options = options;
    }

    /// <summary>The backend with all threads and the widest instruction set.</summary>
    public static CpuBackend Shared { get; } = new(CpuOptions.Default);

    /// <summary>
    /// 8-bit attention at full speed on this machine: <see cref="KnownRecipes.Int8"/> where the processor has AVX-VNNI,
    /// <see cref="KnownRecipes.Int8Narrow"/> elsewhere.
    /// </summary>
    public static QuantizationRecipe PreferredInt8 => CpuOptions.Default.EffectiveVnni ? KnownRecipes.Int8 : KnownRecipes.Int8Narrow;

    /// <summary>Options in force.</summary>
    public CpuOptions Options { get; }

    /// <inheritdoc/>
    public string Name => "cpu";

    /// <inheritdoc/>
    public BackendSupport Supports(AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return FindFault(plan) is { } fault
            ? BackendSupport.No(fault)
            : BackendSupport.Yes($"{KernelSet.For(plan.Recipe, plan.Mask.Size.Key, Options)}, {Options.EffectiveThreads} threads");
    }

    /// <inheritdoc/>
    public IAttentionKernel Compile(AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        plan.Validate();
        return FindFault(plan) is { } fault
            ? throw new BackendUnavailableException($"Plan '{plan.Name}' cannot run on the cpu backend: {fault}.")
            : new CpuAttentionKernel(plan, Options);
    }

    private static string? FindFault(AttentionPlan plan)
    {
        QuantizationRecipe recipe = plan.Recipe;
        foreach (OperandFormat format in (ReadOnlySpan<OperandFormat>)[recipe.Query, recipe.Key, recipe.Value])
        {
            if (format.Format is NumberFormat.UInt8 or NumberFormat.UInt7 or NumberFormat.UInt4)
            {
                return $"{format.Format} holds probabilities only, Q, K and V need a signed or floating-point format";
            }
        }

        ProbabilityFormat probability = recipe.Probability;
        if (probability.Rounding == CodeRounding.TowardZero && !probability.Format.IsInteger())
        {
            return $"probability format {probability} truncates, which only integer codes can";
        }

        return probability.CodeOfOne > (probability.Format.IsScaled() ? probability.Format.MaximumCode() : 1)
            ? $"probability format {probability} maps 1 to {probability.CodeOfOne}, beyond its codes"
            : null;
    }
}
