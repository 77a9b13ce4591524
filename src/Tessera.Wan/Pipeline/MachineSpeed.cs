using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Neural.Products;
using Tessera.Quantization;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// What a machine does in a second, for predictions before any work. The rates of products and convolutions are shares of the measured
/// multiply-add peak that large layers reach (docs/performance.md has the figures), the rate of attention is that of the cost model.
/// </summary>
public class MachineSpeed
{
    private const double ProductShare = 0.78;
    private const double DecodeShare = 0.74;
    private const double NominalPeak = 1e11;
    private const double NominalAttentionShare = 0.6;
    private const double NominalQuantizedGain = 1.8;

    /// <summary>What bfloat16 gains where the processor multiplies it.</summary>
    private const double BFloat16Gain = 1.8;

    /// <summary>Share of the rate of many rows that so few reach; each weight is used once a row.</summary>
    private const double FewRowsShare = 0.6;

    private const int FewRows = 256;

    /// <summary>Bytes a second of layers that read and write their rows once and compute little.</summary>
    private const double RowBytesPerSecond = 25e9;

    /// <summary>Bytes of mapped weights that a pass can touch in a second, from the file cache.</summary>
    private const double MappedBytesPerSecond = 12e9;

    /// <summary>Tokens of the plan whose prediction stands for attention of any greater length.</summary>
    private const int MostSampleTokens = 4096;

    private readonly Func<QuantizationRecipe, AttentionShape, double> _attention;

    private protected MachineSpeed(double peak, Func<QuantizationRecipe, AttentionShape, double> attention)
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

    /// <summary>Where rates of products come from, in words.</summary>
    internal virtual string ProductBasis => "share of the peak";

    /// <summary>Where the rate of the decoder comes from, in words.</summary>
    internal virtual string DecodeBasis => "share of the peak";

    /// <summary>
    /// Measures this machine: a third of a second for the peak, about a second more for a recipe that the cost model meets for the first
    /// time on this machine.
    /// </summary>
    /// <param name="threads">Threads; 0 for all processors.</param>
    public static MachineSpeed Measure(int threads = 0) => new(PeakOf(threads), AttentionOf(threads));

    /// <summary>Operations a second of products with a matrix of weights.</summary>
    /// <param name="rows">Rows of activations.</param>
    /// <param name="inner">Inputs of the layer.</param>
    /// <param name="columns">Outputs of the layer.</param>
    /// <param name="precision">What operands are rounded to.</param>
    public virtual double ProductRate(int rows, int inner, int columns, ProductPrecision precision) =>
        Peak * ProductShare * (rows <= FewRows ? FewRowsShare : 1)
            * (precision == ProductPrecision.BFloat16 && MatrixProduct.BFloat16Fault is null ? BFloat16Gain : 1);

    /// <summary>Bytes a second that norms, activations and residual sums read and write.</summary>
    /// <param name="width">Numbers of a row.</param>
    public virtual double RowRate(int width) => RowBytesPerSecond;

    /// <summary>Operations a second of the decoder, those that are executed.</summary>
    /// <param name="latent">What will be decoded.</param>
    public virtual double DecodeRate(LatentShape latent) => Peak * DecodeShare;

    /// <summary>Operations a second of attention, those of computed blocks; two products a score.</summary>
    /// <param name="recipe">Number formats.</param>
    /// <param name="shape">Sizes of a call.</param>
    public double AttentionRate(QuantizationRecipe recipe, AttentionShape shape) => _attention(recipe, shape);

    /// <summary>Seconds in which a pass touches mapped weights that the file cache holds.</summary>
    /// <param name="weightBytes">Bytes of the weights.</param>
    public virtual double MappingSeconds(long weightBytes) => weightBytes / MappedBytesPerSecond;

    private protected static double PeakOf(int threads) => CpuPeak.Measure(new CpuOptions { Threads = threads }).AllThreads * 1e9;

    private protected static Func<QuantizationRecipe, AttentionShape, double> AttentionOf(int threads)
    {
        Lazy<CpuCostModel> model = new(() => CpuCostModel.ForThisMachine(new CpuOptions { Threads = threads }));
        return (recipe, shape) => AttentionRateOf(model.Value, recipe, shape);
    }

    private static double AttentionRateOf(CpuCostModel model, QuantizationRecipe recipe, AttentionShape shape)
    {
        int tokens = Math.Min(shape.QueryLength, MostSampleTokens);
        AttentionShape sample = new(1, shape.Heads, tokens, tokens, shape.HeadDim);
        AttentionPlan plan = AttentionPlan.Dense(sample) with { Grid = new TokenGrid(1, 1, tokens), Recipe = recipe };
        return 4.0 * tokens * tokens * shape.Heads * shape.HeadDim / model.Predict(plan).Seconds;
    }
}
