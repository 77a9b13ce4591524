using System.Numerics.Tensors;
using Tessera.Cli.Inputs;
using Tessera.Layout;

namespace Tessera.Cli.Explaining;

/// <summary>
/// Where one head looks, from sampled query rows in double precision: how far along each axis compared with looking everywhere alike, how
/// many keys share the mass, and how much goes to text.
/// </summary>
/// <param name="SampledRows">Query rows looked at, evenly spaced over the video tokens.</param>
/// <param name="FrameSpread">Mean attention-weighted distance in frames over that of uniform attention: near 0 local, near 1
/// spread.</param>
/// <param name="HeightSpread">The same for rows.</param>
/// <param name="WidthSpread">The same for columns.</param>
/// <param name="EffectiveKeys">exp(entropy) of a row, mean: how many keys an equally shared row would have.</param>
/// <param name="TextMass">Mean share of a video row's mass on text tokens.</param>
/// <param name="OwnMass">Mean share of a row's mass on the token itself.</param>
internal sealed record HeadProfile(
    int SampledRows, double? FrameSpread, double? HeightSpread, double? WidthSpread, double EffectiveKeys, double TextMass, double OwnMass)
{
    /// <summary>Rows that describe a head well: the spreads move by about a percent with four times as many.</summary>
    public const int DefaultRows = 96;

    /// <summary>Spread of an axis below which a head counts as local along it.</summary>
    public const double LocalBelow = 0.5;

    /// <summary>Looks at one head.</summary>
    /// <param name="tensors">A batch of one with one head.</param>
    /// <param name="grid">Its grid.</param>
    /// <param name="scale">Softmax scale.</param>
    /// <param name="cancellationToken">Polled between rows.</param>
    public static HeadProfile Read(HeadTensors tensors, TokenGrid grid, double scale, CancellationToken cancellationToken)
    {
        int rows = Math.Min(DefaultRows, grid.VideoTokens);
        double[] weights = new double[grid.Tokens];
        ProfileSums sums = default;
        for (int sample = 0; sample < rows; sample++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int video = (int)((((2L * sample) + 1) * grid.VideoTokens) / (2L * rows));
            int query = grid.VideoStart + video;
            ReadRow(tensors, query, scale, weights);
            sums.Add(grid, query, weights);
        }

        return new HeadProfile(
            rows, Spread(sums.Frame, sums.UniformFrame), Spread(sums.Height, sums.UniformHeight), Spread(sums.Width, sums.UniformWidth),
            sums.EffectiveKeys / rows, sums.Text / rows, sums.Own / rows);
    }

    /// <summary>Spread of an axis; null for an axis of one token.</summary>
    public double? Spread(GridAxis axis) => axis switch
    {
        GridAxis.Frame => FrameSpread,
        GridAxis.Height => HeightSpread,
        _ => WidthSpread,
    };

    /// <summary>Whether the head is local along an axis; an axis of one token is.</summary>
    public bool IsLocal(GridAxis axis) => Spread(axis) is not { } spread || spread < LocalBelow;

    private static double? Spread(double distance, double uniform) => uniform > 0 ? distance / uniform : null;

    private static void ReadRow(HeadTensors tensors, int query, double scale, double[] weights)
    {
        int width = tensors.Shape.HeadDim;
        ReadOnlySpan<float> q = tensors.Query.AsSpan(query * width, width);
        double maximum = double.NegativeInfinity;
        for (int key = 0; key < weights.Length; key++)
        {
            weights[key] = scale * TensorPrimitives.Dot(q, tensors.Key.AsSpan(key * width, width));
            maximum = Math.Max(maximum, weights[key]);
        }

        double sum = 0;
        for (int key = 0; key < weights.Length; key++)
        {
            weights[key] = Math.Exp(weights[key] - maximum);
            sum += weights[key];
        }

        for (int key = 0; key < weights.Length; key++)
        {
            weights[key] /= sum;
        }
    }

    /// <summary>Sums over rows. Distances are taken over the video part, renormalised, so that text does not look like locality.</summary>
    private struct ProfileSums
    {
        public double Frame;
        public double Height;
        public double Width;
        public double UniformFrame;
        public double UniformHeight;
        public double UniformWidth;
        public double EffectiveKeys;
        public double Text;
        public double Own;

        public void Add(TokenGrid grid, int query, ReadOnlySpan<double> weights)
        {
            (int frame, int row, int column) = grid.CoordinatesOf(query);
            double f = 0;
            double h = 0;
            double w = 0;
            double video = 0;
            double text = 0;
            double entropy = 0;
            for (int key = 0; key < weights.Length; key++)
            {
                double p = weights[key];
                entropy -= p > 0 ? p * Math.Log(p) : 0;
                if (grid.IsText(key))
                {
                    text += p;
                    continue;
                }

                (int keyFrame, int keyRow, int keyColumn) = grid.CoordinatesOf(key);
                f += p * Math.Abs(keyFrame - frame);
                h += p * Math.Abs(keyRow - row);
                w += p * Math.Abs(keyColumn - column);
                video += p;
            }

            if (video > 0)
            {
                Frame += f / video;
                Height += h / video;
                Width += w / video;
            }

            UniformFrame += MeanDistance(frame, grid.Frames);
            UniformHeight += MeanDistance(row, grid.Height);
            UniformWidth += MeanDistance(column, grid.Width);
            EffectiveKeys += Math.Exp(entropy);
            Text += text;
            Own += weights[query];
        }

        // Mean |x - at| over x = 0..extent-1.
        private static double MeanDistance(int at, int extent)
        {
            int after = extent - 1 - at;
            return (((double)at * (at + 1)) + ((double)after * (after + 1))) / (2.0 * extent);
        }
    }
}
