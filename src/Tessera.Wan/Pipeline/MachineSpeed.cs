using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// What a machine does in a second, for predictions before any work. The rates of products and convolutions are shares of the measured
/// multiply-add peak, the rate of attention is that of the cost model.
/// </summary>
public sealed class MachineSpeed
{
    /// <summary>Share of the peak that large matrix products reach here; docs/performance.md has the figures.</summary>
    private const double LinearShare = 0.75;

    /// <summary>Share of the peak that the autoencoder's convolutions reach.</summary>
    private const double DecodeShare = 0.45;

    /// <summary>Share of the peak that a prompt's few rows reach.</summary>
    private const double TextShare = 0.25;

    /// <summary>Bytes of weights that are read and widened in a second when a prompt has few rows.</summary>
    private const double WeightBytesPerSecond = 2.5e9;

    /// <summary>Tokens of the plan whose prediction stands for attention of any length.</summary>
    private const int SampleTokens = 4096;

    private const double NominalPeak = 1e11;
    private const double NominalAttentionShare = 0.6;
    private const double NominalQuantizedGain = 1.8;

    private readonly Func<QuantizationRecipe, int, double> _attention;

    private MachineSpeed(double peak, Func<QuantizationRecipe, int, double> attention)
    {
        Peak = peak;
        _attention = attention;
    }

    /// <summary>
    /// A machine of round figures: relations between stages are about right, seconds are not. For shares of progress.
    /// </summary>
    public static MachineSpeed Nominal { get; } = new(
        NominalPeak, static (recipe, _) => NominalPeak * NominalAttentionShare * (recipe.IsExact ? 1 : NominalQuantizedGain));

    /// <summary>Multiply-add peak of all threads, binary32 operations a second.</summary>
    public double Peak { get; }

    /// <summary>Operations a second of products with weights.</summary>
    public double LinearRate => Peak * LinearShare;

    /// <summary>Operations a second of the autoencoder.</summary>
    public double DecodeRate => Peak * DecodeShare;

    /// <summary>
    /// Measures this machine: a third of a second for the peak, about a second more for a recipe that the cost model meets for the first
    /// time on this machine.
    /// </summary>
    /// <param name="threads">Threads; 0 for all processors.</param>
    public static MachineSpeed Measure(int threads = 0)
    {
        CpuOptions options = new() { Threads = threads };
        Lazy<CpuCostModel> model = new(() => CpuCostModel.ForThisMachine(options));
        return new MachineSpeed(
            CpuPeak.Measure(options).AllThreads * 1e9, (recipe, headDim) => AttentionRateOf(model.Value, recipe, headDim));
    }

    /// <summary>Operations a second of attention, those of computed blocks; two products a score.</summary>
    /// <param name="recipe">Number formats.</param>
    /// <param name="headDim">Channels of a head.</param>
    public double AttentionRate(QuantizationRecipe recipe, int headDim) => _attention(recipe, headDim);

    /// <summary>Seconds of encoding all prompts in one pass over the weights.</summary>
    /// <param name="operations">Operations of their rows.</param>
    /// <param name="weightBytes">Bytes of the encoder's weights.</param>
    public double TextSeconds(double operations, long weightBytes) =>
        Math.Max(operations / (Peak * TextShare), weightBytes / WeightBytesPerSecond);

    private static double AttentionRateOf(CpuCostModel model, QuantizationRecipe recipe, int headDim)
    {
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 1, SampleTokens, SampleTokens, headDim)) with
        {
            Grid = new TokenGrid(1, 1, SampleTokens),
            Recipe = recipe,
        };
        return 4.0 * SampleTokens * SampleTokens * headDim / model.Predict(plan).Seconds;
    }
}
