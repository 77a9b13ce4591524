using System.Numerics.Tensors;
using Tessera.Quantization;
using Tessera.Synthesis;

namespace Tessera.Methods.Paro;

/// <summary>
/// What quantising P alone costs: relative L2 error of O = softmax(S) V on normal random data with 1024 tokens and 64 channels, in double
/// precision but for the codes of P, keys visited in tiles of 64. Deterministic for a seed.
/// </summary>
/// <remarks>
/// The earlier figures do not say what random data they are from. Scores of deviation 1.35 and values N(0.45, 1) reproduce all twenty, so
/// these are the defaults. The mean of V matters: an exact denominator loses mass that a quantised one restores, and lost mass times the
/// mean of V is the larger part of the error. With values of mean 0 the quantised denominator gains nothing.
/// <para>
/// The online softmax rescales what it has summed so far by exact factors, so quantising against a reference r of the tile gives key j the
/// weight Q(exp(s_j - r)) exp(r - m) with the row's final maximum m. The table forms these weights directly.
/// </para>
/// </remarks>
public static class ProbabilityErrorTable
{
    /// <summary>Deviation of the scores that reproduces the earlier figures.</summary>
    public const double RecordedScoreDeviation = 1.35;

    /// <summary>Mean of V that reproduces the earlier figures.</summary>
    public const double RecordedValueMean = 0.45;

    private const int Tile = 64;

    private static readonly (string Name, NumberFormat Format, CodeRounding Rounding, ProbabilityErrors? Published)[] Formats =
    [
        ("s8 x127 truncated (released)", NumberFormat.Int8, CodeRounding.TowardZero, new(1.1e-1, 4.7e-2, 2.6e-2, 8.9e-3)),
        ("s8 x127 nearest", NumberFormat.Int8, CodeRounding.Nearest, new(1.5e-2, 3.5e-3, 6.4e-3, 2.5e-3)),
        ("u8 x255 nearest", NumberFormat.UInt8, CodeRounding.Nearest, new(4.9e-3, 1.4e-3, 2.9e-3, 1.2e-3)),
        ("s4 x7 nearest", NumberFormat.Int4, CodeRounding.Nearest, new(3.3e-1, 1.4e-1, 1.3e-1, 4.2e-2)),
        ("u4 x15 nearest", NumberFormat.UInt4, CodeRounding.Nearest, new(1.8e-1, 6.0e-2, 6.1e-2, 2.0e-2)),
        ("e4m3 x448 nearest", NumberFormat.Float8E4M3, CodeRounding.Nearest, null),
    ];

    /// <summary>Computes the table; about a second at the default size.</summary>
    /// <param name="tokens">Queries and keys.</param>
    /// <param name="headDim">Channels.</param>
    /// <param name="seed">Seed of the data.</param>
    /// <param name="scoreDeviation">Standard deviation of the scores.</param>
    /// <param name="valueMean">Mean of V, whose standard deviation is 1.</param>
    public static IReadOnlyList<ProbabilityErrorRow> Compute(
        int tokens = 1024, int headDim = 64, ulong seed = 1, double scoreDeviation = RecordedScoreDeviation,
        double valueMean = RecordedValueMean)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 1);
        double[] query = Normal(tokens * headDim, seed, 0);
        double[] key = Normal(tokens * headDim, seed, 1);
        double[] value = Normal(tokens * headDim, seed, 2);
        TensorPrimitives.Add(value, valueMean, value);
        Measurement[] measurements = [.. Formats.Select(static format => new Measurement(format.Format, format.Rounding))];
        double[] scores = new double[tokens];
        double[] weights = new double[tokens];
        double[] exact = new double[headDim];
        double[] output = new double[headDim];
        double power = 0;
        for (int row = 0; row < tokens; row++)
        {
            for (int column = 0; column < tokens; column++)
            {
                double dot = TensorPrimitives.Dot<double>(query.AsSpan(row * headDim, headDim), key.AsSpan(column * headDim, headDim));
                scores[column] = scoreDeviation * dot / Math.Sqrt(headDim);
            }

            double maximum = TensorPrimitives.Max<double>(scores);
            for (int column = 0; column < tokens; column++)
            {
                weights[column] = Math.Exp(scores[column] - maximum);
            }

            double denominator = TensorPrimitives.Sum<double>(weights);
            Combine(weights, value, denominator, exact);
            power += TensorPrimitives.SumOfSquares<double>(exact);
            foreach (Measurement measurement in measurements)
            {
                measurement.Add(scores, maximum, denominator, value, exact, weights, output);
            }
        }

        return
        [
            .. Formats.Zip(
                measurements,
                (format, measurement) => new ProbabilityErrorRow(format.Name, measurement.Finish(power), format.Published)),
        ];
    }

    private static double[] Normal(int count, ulong seed, ulong stream)
    {
        NormalSource source = new(seed, stream);
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = source.Normal();
        }

        return values;
    }

    private static void Combine(ReadOnlySpan<double> weights, ReadOnlySpan<double> value, double denominator, Span<double> output)
    {
        output.Clear();
        for (int column = 0; column < weights.Length; column++)
        {
            TensorPrimitives.MultiplyAdd(value.Slice(column * output.Length, output.Length), weights[column], output, output);
        }

        TensorPrimitives.Divide(output, denominator, output);
    }

    /// <summary>Squared errors of one format under the four combinations.</summary>
    private sealed class Measurement(NumberFormat format, CodeRounding rounding)
    {
        private readonly ProbabilityQuantizer _quantizer = new(new ProbabilityFormat(format, Rounding: rounding));
        private readonly double[] _errors = new double[4];

        public void Add(
            double[] scores, double maximum, double denominator, double[] value, double[] exact, double[] weights, double[] output)
        {
            for (int reference = 0; reference < 2; reference++)
            {
                Weigh(scores, maximum, tileLocal: reference == 1, weights);
                double quantized = TensorPrimitives.Sum<double>(weights);
                Combine(weights, value, denominator, output);
                _errors[reference] += SquaredDistance(output, exact, 1);
                _errors[2 + reference] += SquaredDistance(output, exact, quantized > 0 ? denominator / quantized : 0);
            }
        }

        public ProbabilityErrors Finish(double power) =>
            new(Math.Sqrt(_errors[0] / power), Math.Sqrt(_errors[1] / power), Math.Sqrt(_errors[2] / power), Math.Sqrt(_errors[3] / power));

        private void Weigh(double[] scores, double maximum, bool tileLocal, double[] weights)
        {
            double running = double.NegativeInfinity;
            for (int start = 0; start < scores.Length; start += Tile)
            {
                int end = Math.Min(scores.Length, start + Tile);
                double tile = TensorPrimitives.Max<double>(scores.AsSpan(start, end - start));
                running = Math.Max(running, tile);
                double reference = tileLocal ? tile : running;
                double lift = Math.Exp(reference - maximum);
                for (int column = start; column < end; column++)
                {
                    double probability = Math.Exp(scores[column] - reference);
                    weights[column] = lift * _quantizer.Dequantize(_quantizer.CodeOfProbability(probability));
                }
            }
        }

        private static double SquaredDistance(double[] output, double[] exact, double factor)
        {
            double sum = 0;
            for (int d = 0; d < exact.Length; d++)
            {
                double difference = (factor * output[d]) - exact[d];
                sum += difference * difference;
            }

            return sum;
        }
    }
}
