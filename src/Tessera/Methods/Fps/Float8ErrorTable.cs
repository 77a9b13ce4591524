using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Fidelity;
using Tessera.Numerics;
using Tessera.Quantization;
using Tessera.Synthesis;

namespace Tessera.Methods.Fps;

/// <summary>
/// What FPSAttention's FP8 costs on synthetic data, and which switches pay: relative L2 error of the output against unquantised attention
/// for scale groups from one token to all, with outlier channels and a key bias, with K smoothing and Hadamard, and for the scale of P.
/// </summary>
/// <remarks>
/// E4M3 rounds relative to each value, so the size of a scale group hardly matters on plain data; outliers and bias matter, and one
/// Hadamard transform removes most of it. Without a scale P loses everything below 2^-10 of the row maximum to zero. The recorded figures
/// do not say how far their scores spread nor how large the bias was; the defaults of <see cref="Float8ErrorOptions"/> are the values that
/// come near them.
/// </remarks>
public static class Float8ErrorTable
{
    private static readonly (int Group, double Gaussian, double Outliers)[] Groups =
    [
        (1, 0.086, 0.107), (48, 0.091, 0.144), (128, 0.084, 0.156), (384, 0.088, 0.163), (3072, 0.090, 0.162), (9216, 0.086, 0.189),
    ];

    /// <summary>Measures the table.</summary>
    /// <param name="backend">Runs the recipes.</param>
    /// <param name="options">Sizes and data; null for those of the recorded figures.</param>
    /// <param name="cancellationToken">Polled between rows.</param>
    public static IReadOnlyList<Float8ErrorRow> Measure(
        IAttentionBackend backend, Float8ErrorOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(backend);
        options ??= new Float8ErrorOptions();
        List<Float8ErrorRow> rows = [];
        Measurement gaussian = new(backend, options, outliers: false, bias: false, cancellationToken);
        foreach ((int group, double recorded, _) in Groups)
        {
            rows.Add(Row($"Gaussian, scale per {group} tokens", recorded, gaussian.Error(Recipe(group))));
        }

        Measurement outliers = new(backend, options, outliers: true, bias: false, cancellationToken);
        foreach ((int group, _, double recorded) in Groups)
        {
            rows.Add(Row(
                $"{options.OutlierChannels} outlier channels x{options.OutlierFactor:g}, scale per {group} tokens",
                recorded,
                outliers.Error(Recipe(group))));
        }

        Measurement biased = new(backend, options, outliers: true, bias: true, cancellationToken);
        QuantizationRecipe tile = Recipe(384);
        rows.Add(Row("outliers and key bias, plain", 0.248, biased.Error(tile)));
        rows.Add(Row("outliers and key bias, K smoothed", 0.154, biased.Error(tile with { SmoothKey = true })));
        rows.Add(Row("outliers and key bias, Hadamard", 0.060, biased.Error(tile with { Hadamard = true })));
        rows.Add(Row("outliers and key bias, both", 0.055, biased.Error(tile with { SmoothKey = true, Hadamard = true })));
        rows.Add(Row("Gaussian, P at 448", 0.0875, gaussian.Error(tile)));
        rows.Add(Row("Gaussian, P at 256", 0.0877, gaussian.Error(tile with { Probability = tile.Probability with { Scale = 256 } })));
        rows.Add(Row("Gaussian, P unquantised", 0.0862, gaussian.Error(tile with { Probability = ProbabilityFormat.Float32 })));
        rows.Add(new Float8ErrorRow(
            $"Gaussian, P at 1, one key at a score of {options.SinkScore:0.#}", "share of P flushed to zero", 0.69, FlushedShare(options)));
        return rows;
    }

    private static Float8ErrorRow Row(string setting, double recorded, double measured) => new(setting, "relative L2", recorded, measured);

    private static QuantizationRecipe Recipe(int group) => KnownRecipes.Float8 with
    {
        Name = $"fp8-{group}",
        Query = new(NumberFormat.Float8E4M3, QuantizationGranularity.PerBlock, group),
        Key = new(NumberFormat.Float8E4M3, QuantizationGranularity.PerBlock, group),
    };

    /// <summary>Share of numerators exp(s - max) that E4M3 rounds to zero when one key is a sink.</summary>
    private static double FlushedShare(Float8ErrorOptions options)
    {
        Data data = new(options, outliers: false, bias: false);
        float scale = 1 / MathF.Sqrt(options.HeadDim);
        float[] scores = new float[options.Keys];
        long flushed = 0;
        for (int query = 0; query < options.Queries; query++)
        {
            for (int key = 0; key < scores.Length; key++)
            {
                scores[key] = scale * TensorPrimitives.Dot(
                    data.Query.AsSpan(query * options.HeadDim, options.HeadDim), data.Key.AsSpan(key * options.HeadDim, options.HeadDim));
            }

            scores[0] = options.SinkScore;
            float maximum = TensorPrimitives.Max(scores);
            foreach (float score in scores)
            {
                flushed += (float)(Float8E4M3)MathF.Exp(score - maximum) == 0 ? 1 : 0;
            }
        }

        return flushed / ((double)options.Queries * options.Keys);
    }

    /// <summary>One data set with its unquantised output.</summary>
    private sealed class Measurement
    {
        private readonly IAttentionBackend _backend;
        private readonly AttentionShape _shape;
        private readonly Data _data;
        private readonly CancellationToken _cancellationToken;
        private readonly float[] _exact;

        public Measurement(
            IAttentionBackend backend, Float8ErrorOptions options, bool outliers, bool bias, CancellationToken cancellationToken)
        {
            _backend = backend;
            _shape = new AttentionShape(1, 1, options.Queries, options.Keys, options.HeadDim);
            _data = new Data(options, outliers, bias);
            _cancellationToken = cancellationToken;
            _exact = Run(KnownRecipes.Float32);
        }

        public double Error(QuantizationRecipe recipe) => AttentionError.Compare(_exact, Run(recipe)).RelativeL2;

        private float[] Run(QuantizationRecipe recipe)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            AttentionPlan plan = AttentionPlan.Dense(_shape) with { Name = recipe.Name, Recipe = recipe };
            float[] output = new float[_shape.QueryLength * _shape.HeadDim];
            using IAttentionKernel kernel = _backend.Compile(plan);
            kernel.Run(
                new AttentionInputs(_shape, _data.Query, _data.Key, _data.Value),
                new TensorSpan<float>(output, [1, 1, _shape.QueryLength, _shape.HeadDim]),
                default,
                _cancellationToken);
            return output;
        }
    }

    /// <summary>Standard normal Q, K and V; Q and K with outlier channels and K with a mean where asked for.</summary>
    private sealed class Data
    {
        public Data(Float8ErrorOptions options, bool outliers, bool bias)
        {
            Query = Normal(options, 1, options.Queries);
            Key = Normal(options, 2, options.Keys);
            Value = Normal(options, 3, options.Keys);
            NormalSource means = new(options.Seed, 4);
            float queryScale = outliers ? options.OutlierQueryScale : options.QueryScale;
            for (int channel = 0; channel < options.HeadDim; channel++)
            {
                float factor = outliers && channel < options.OutlierChannels ? options.OutlierFactor : 1;
                for (int query = 0; query < options.Queries; query++)
                {
                    Query[(query * options.HeadDim) + channel] *= queryScale * factor;
                }

                float mean = bias ? options.KeyBias * (float)means.Normal() : 0;
                for (int key = 0; key < options.Keys; key++)
                {
                    ref float element = ref Key[(key * options.HeadDim) + channel];
                    element = (element + mean) * factor;
                }
            }
        }

        public float[] Query { get; }

        public float[] Key { get; }

        public float[] Value { get; }

        private static float[] Normal(Float8ErrorOptions options, ulong stream, int tokens)
        {
            NormalSource source = new(options.Seed, stream);
            float[] values = new float[tokens * options.HeadDim];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)source.Normal();
            }

            return values;
        }
    }
}
