using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Synthesis;

/// <summary>
/// Seeded Q, K and V whose softmax maps look like those of video diffusion heads: 3D locality of several kinds, smooth content, text in the
/// sequence, noise, and keys with a per-channel bias and outlier channels. For tests, demonstrations and benchmarks without a model.
/// </summary>
/// <remarks>
/// q . k / sqrt(D) of two video tokens is <see cref="HeadPattern.LogWeight"/> summed over the axes, plus smooth content, plus noise, plus a
/// constant of the row. Channels: one for the text level, D / 8 for content, cosine and sine pairs for positions, the rest for noise.
/// </remarks>
public sealed class StructuredHeads
{
    private const int MaximumFrequencies = 4;
    private const ulong PatternStream = 1;
    private const ulong ContentStream = 1 << 20;
    private const ulong NoiseStream = 1 << 21;

    private StructuredHeads(TokenGrid grid, int heads, int headDim, HeadPattern[] patterns)
    {
        Grid = grid;
        Shape = new(1, heads, grid.Tokens, grid.Tokens, headDim);
        Patterns = patterns;
        int elements = checked(heads * grid.Tokens * headDim);
        Query = new float[elements];
        Key = new float[elements];
        Value = new float[elements];
    }

    /// <summary>Grid of the tokens, text included.</summary>
    public TokenGrid Grid { get; }

    /// <summary>[1, heads, tokens, head dimension].</summary>
    public AttentionShape Shape { get; }

    /// <summary>The kernel that each head follows.</summary>
    public IReadOnlyList<HeadPattern> Patterns { get; }

    /// <summary>Queries, dense [1, H, L, D], natural token order.</summary>
    public float[] Query { get; }

    /// <summary>Keys, dense [1, H, L, D].</summary>
    public float[] Key { get; }

    /// <summary>Values, dense [1, H, L, D]: smooth fields with noise and a per-channel offset.</summary>
    public float[] Value { get; }

    /// <summary>The three as attention inputs.</summary>
    public AttentionInputs Inputs => new(Shape, Query, Key, Value);

    /// <summary>Makes heads; equal arguments give equal data.</summary>
    /// <param name="grid">Any grid, with or without text.</param>
    /// <param name="heads">Heads; kinds repeat in the order of <see cref="HeadKind"/> unless the options say otherwise.</param>
    /// <param name="headDim">Channels, 16 to 256.</param>
    /// <param name="seed">Seed.</param>
    /// <param name="options">Strengths; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count is out of range.</exception>
    public static StructuredHeads Create(TokenGrid grid, int heads, int headDim, ulong seed, StructuredHeadsOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(headDim, AttentionShape.MaximumHeadDim);
        options ??= new StructuredHeadsOptions();
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(options.TextShare, 1, nameof(options));
        HeadPattern[] patterns = new HeadPattern[heads];
        for (int head = 0; head < heads; head++)
        {
            patterns[head] = DrawPattern(grid, KindOf(options, head), headDim, new NormalSource(seed, PatternStream + (ulong)head));
        }

        StructuredHeads result = new(grid, heads, headDim, patterns);
        for (int head = 0; head < heads; head++)
        {
            new HeadWriter(result, head, seed, options).Write();
        }

        return result;
    }

    private static HeadKind KindOf(StructuredHeadsOptions options, int head) =>
        options.Kinds.Count > 0 ? options.Kinds[head % options.Kinds.Count] : (HeadKind)(head % ((int)HeadKind.Diffuse + 1));

    private static HeadPattern DrawPattern(TokenGrid grid, HeadKind kind, int headDim, NormalSource source)
    {
        const double All = double.PositiveInfinity;
        double frames = source.Between(0.7, 1.2);
        double rows = source.Between(1, 2);
        double columns = source.Between(1, 2);
        (double f, double h, double w) = kind switch
        {
            HeadKind.Spatial => (frames, All, All),
            HeadKind.Temporal => (All, rows, columns),
            HeadKind.SpreadHeight => (frames, All, columns),
            HeadKind.SpreadWidth => (frames, rows, All),
            HeadKind.Isotropic => (1.5 * frames, rows, columns),
            HeadKind.Diagonal => (0.5 * frames, 0.5 * rows, 0.5 * columns),
            HeadKind.Diffuse => (All, All, All),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Wanted a defined head kind."),
        };
        int pairs = (headDim - 1 - ContentChannels(headDim)) / 2;
        return new HeadPattern(kind, grid, f, h, w, Math.Min(MaximumFrequencies, pairs / 3));
    }

    private static int ContentChannels(int headDim) => Math.Max(2, headDim / 8);

    /// <summary>Writes one head: tables per axis first, then one pass over tokens.</summary>
    private sealed class HeadWriter(StructuredHeads target, int head, ulong seed, StructuredHeadsOptions options)
    {
        private readonly TokenGrid _grid = target.Grid;
        private readonly HeadPattern _pattern = target.Patterns[head];
        private readonly int _headDim = target.Shape.HeadDim;
        private readonly int _content = ContentChannels(target.Shape.HeadDim);

        public void Write()
        {
            NormalSource content = new(seed, ContentStream + Draw());
            NormalSource noise = new(seed, NoiseStream + Draw());
            double strength = options.Content * (_pattern.Kind == HeadKind.Diffuse ? 3 : 1);
            float[][] positions = [PositionTable(GridAxis.Frame), PositionTable(GridAxis.Height), PositionTable(GridAxis.Width)];
            SmoothField field = new(_grid, _content, ref content);
            SmoothField values = new(_grid, _headDim, ref content);
            double[] bias = DrawBias();
            double textLevel = TextLevel();
            double root = Math.Sqrt(Math.Sqrt(_headDim));
            double amplitude = Math.Sqrt(strength / _content);
            for (int token = 0; token < _grid.Tokens; token++)
            {
                int first = ((head * _grid.Tokens) + token) * _headDim;
                Span<float> query = target.Query.AsSpan(first, _headDim);
                Span<float> key = target.Key.AsSpan(first, _headDim);
                Span<float> value = target.Value.AsSpan(first, _headDim);
                bool text = _grid.IsText(token);
                query[0] = (float)Math.Sqrt(Math.Abs(textLevel));
                key[0] = text ? Math.Sign(textLevel) * query[0] : 0;
                Span<float> meaning = query.Slice(1, _content);
                field.Read(token, meaning, ref noise);
                for (int c = 0; c < meaning.Length; c++)
                {
                    meaning[c] *= (float)amplitude;
                }

                meaning.CopyTo(key[1..]);
                if (!text)
                {
                    WritePositions(token, positions, query[(1 + _content)..], key[(1 + _content)..]);
                }

                values.Read(token, value, ref noise);
                for (int c = 0; c < _headDim; c++)
                {
                    query[c] = (float)(root * (query[c] + (options.Noise * noise.Normal())));
                    key[c] = (float)(root * (key[c] + bias[c] + (options.Noise * noise.Normal())));
                    value[c] += (float)(values.Offset(c) + (0.3 * noise.Normal()));
                }
            }
        }

        private ulong Draw() => ((ulong)(uint)options.Sample << 32) + (ulong)head;

        /// <summary>[extent][2 J]: amplitude times cosine and sine of each frequency.</summary>
        private float[] PositionTable(GridAxis axis)
        {
            ReadOnlySpan<double> frequencies = _pattern.FrequenciesOf(axis);
            float[] table = new float[_grid.Extent(axis) * 2 * frequencies.Length];
            int next = 0;
            for (int x = 0; x < _grid.Extent(axis); x++)
            {
                foreach (double frequency in frequencies)
                {
                    (double sine, double cosine) = Math.SinCos(frequency * x);
                    double amplitude = Math.Sqrt(HeadPattern.Depth / frequencies.Length);
                    table[next++] = (float)(amplitude * cosine);
                    table[next++] = (float)(amplitude * sine);
                }
            }

            return table;
        }

        private void WritePositions(int token, float[][] tables, Span<float> query, Span<float> key)
        {
            (int frame, int row, int column) = _grid.CoordinatesOf(token);
            ReadOnlySpan<int> at = [frame, row, column];
            int next = 0;
            for (int axis = 0; axis < 3; axis++)
            {
                int width = 2 * _pattern.FrequenciesOf((GridAxis)axis).Length;
                ReadOnlySpan<float> features = tables[axis].AsSpan(at[axis] * width, width);
                features.CopyTo(query[next..]);
                features.CopyTo(key[next..]);
                next += width;
            }
        }

        /// <summary>Bias is part of the pattern: it stays when content and noise are drawn anew, as the weights of a model do.</summary>
        private double[] DrawBias()
        {
            NormalSource source = new(seed, PatternStream + ((ulong)head << 32) + (1UL << 63));
            double[] bias = new double[_headDim];
            for (int c = 0; c < _headDim; c++)
            {
                bias[c] = options.KeyBias * source.Normal();
            }

            for (int outlier = 0; outlier < Math.Max(1, _headDim / 32) && options.KeyBiasOutlier > 0; outlier++)
            {
                bias[(int)(source.Uniform() * _headDim)] = options.KeyBiasOutlier * (source.Uniform() < 0.5 ? -1 : 1);
            }

            return bias;
        }

        /// <summary>Logit of a text key that gives text the wanted share next to the kernel's mass at the middle of the grid.</summary>
        private double TextLevel()
        {
            if (_grid.TextTokens == 0 || options.TextShare <= 0)
            {
                return 0;
            }

            double volume = 1;
            double peak = 0;
            foreach (GridAxis axis in (ReadOnlySpan<GridAxis>)[GridAxis.Frame, GridAxis.Height, GridAxis.Width])
            {
                volume *= _pattern.EffectiveExtent(_grid, axis);
                peak += _pattern.FrequenciesOf(axis).Length > 0 ? HeadPattern.Depth : 0;
            }

            return peak + Math.Log(options.TextShare / (1 - options.TextShare) * volume / _grid.TextTokens);
        }
    }
}
