using Tessera.Attention;
using Tessera.Layout;
using Tessera.Media.Frames;

namespace Tessera.Media.Heads;

/// <summary>
/// A clip as attention heads: patches become tokens, Q and K are a fixed feature map of content and position, and V is the patch itself, so
/// that attention is non-local means (Buades, Coll and Morel, A non-local algorithm for image denoising, CVPR 2005) and its output is a
/// clip that one can look at. Nothing is learnt and nothing is random.
/// </summary>
/// <remarks>
/// <para>With the default softmax scale 1/sqrt(D), the logit of query i and key j of a head of kind (reaches r, content s) at temperature T
/// is, up to a constant per row, (1/T) [ - s |c_i - c_j|^2 / (2 var) - sum over axes of L_axis(p_i - p_j) ].</para>
/// <para>c are the lowest DCT coefficients of the patch and its margin minus their mean, var their variance, so that a random pair loses s
/// nats; L is the rotary-like kernel of <see cref="ClipHeadKind"/>'s reach: d^2 / (2 r^2) near 0, level far away. Channels of Q and K, in
/// order: positions along F, H and W (cosine and sine of M octaves each, M = D/16 within 1..4), one channel that carries |c_j|^2 on the key
/// side, and the D - 6M - 1 content coefficients (fewer, padded with zeros, when the window has fewer values).</para>
/// <para>V is the D cheapest coefficients of the patch's own DCT, padded with zeros; all heads carry the same V. It holds the whole patch
/// when <see cref="ClipPatch.Values"/> is at most D; else the clip that it holds is band-limited.</para>
/// </remarks>
public sealed class ClipHeads
{
    /// <summary>Smallest head dimension: one octave on three axes, the norm channel and one content channel.</summary>
    public const int MinimumHeadDim = 8;

    private readonly PatchTransform _patch;
    private readonly ClipPatch _patchSize;
    private readonly FrameRate _rate;
    private readonly float[] _meanPatch;

    private ClipHeads(VideoFrames clip, TokenGrid grid, ClipHeadsOptions options, IReadOnlyList<ClipHeadKind> kinds)
    {
        Grid = grid;
        Shape = new AttentionShape(1, options.Heads, grid.Tokens, grid.Tokens, options.HeadDim);
        Kinds = kinds;
        _patchSize = options.Patch;
        _rate = clip.Rate;
        _patch = new PatchTransform(
            options.Patch.Frames, options.Patch.Height, options.Patch.Width, Math.Min(options.HeadDim, options.Patch.Values));
        _meanPatch = new float[_patch.Coefficients];
        int length = checked(options.Heads * grid.Tokens * options.HeadDim);
        Query = new float[length];
        Key = new float[length];
        Value = new float[length];
    }

    /// <summary>Token grid of the clip; no text tokens.</summary>
    public TokenGrid Grid { get; }

    /// <summary>[1, heads, N, D].</summary>
    public AttentionShape Shape { get; }

    /// <summary>Kind of each head.</summary>
    public IReadOnlyList<ClipHeadKind> Kinds { get; }

    /// <summary>Name of each head's kind.</summary>
    public IReadOnlyList<string> HeadKinds => [.. Kinds.Select(static kind => kind.Name)];

    /// <summary>Queries, [1, heads, N, D] dense.</summary>
    public float[] Query { get; }

    /// <summary>Keys, [1, heads, N, D] dense.</summary>
    public float[] Key { get; }

    /// <summary>Values, [1, heads, N, D] dense.</summary>
    public float[] Value { get; }

    /// <summary>All three as inputs of a kernel.</summary>
    public AttentionInputs Inputs => new(Shape, Query, Key, Value);

    /// <summary>Whether V holds every value of a patch.</summary>
    public bool IsLossless => _patch.Coefficients == _patch.Values;

    /// <summary>Makes the heads of a clip.</summary>
    /// <param name="clip">Frames; the patch must divide their size.</param>
    /// <param name="options">Heads, head dimension and patch.</param>
    /// <exception cref="ArgumentException">The patch does not divide the clip; the message names a size that fits.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static ClipHeads Create(VideoFrames clip, ClipHeadsOptions options)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentNullException.ThrowIfNull(options);
        Validate(options);
        TokenGrid grid = options.Patch.GridOf(clip);
        IReadOnlyList<ClipHeadKind> kinds = options.Kinds.Count > 0 ? options.Kinds : ClipHeadKind.DefaultsFor(grid);
        ClipHeadKind[] heads =
            [.. Enumerable.Range(0, options.Heads).Select(head => kinds[head % kinds.Count].Widened(1 + (0.5 * (head / kinds.Count))))];
        ClipHeads result = new(clip, grid, options, heads);

        int octaves = Math.Clamp(options.HeadDim / 16, 1, 4);
        int margin = options.ContextMargin >= 0 ? options.ContextMargin : Math.Min(options.Patch.Height, options.Patch.Width) / 2;
        ContentFeatures content = ContentFeatures.Of(clip, grid, options.Patch, margin, options.HeadDim - (6 * octaves) - 1);
        for (int head = 0; head < heads.Length; head++)
        {
            result.WriteHead(head, content, octaves, options.Temperature);
        }

        result.WriteValues(clip);
        return result;
    }

    /// <summary>Turns attention output back into frames.</summary>
    /// <param name="output">[1, heads, N, D] dense, in natural token order.</param>
    /// <param name="head">The head to show; null shows the mean of all heads.</param>
    /// <exception cref="ArgumentException">The output has another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such head.</exception>
    public VideoFrames Reconstruct(ReadOnlySpan<float> output, int? head = null)
    {
        if (output.Length != Value.Length)
        {
            throw new ArgumentException($"output holds {output.Length} values; {Shape} needs {Value.Length}.", nameof(output));
        }

        int first = head ?? 0;
        int count = head is null ? Shape.Heads : 1;
        ArgumentOutOfRangeException.ThrowIfNegative(first, nameof(head));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(first, Shape.Heads, nameof(head));
        (int frames, int height, int width) = _patchSize.PixelsOf(Grid);
        VideoFrames clip = new(frames, height, width, _rate);
        float[] coefficients = new float[_patch.Coefficients];
        float[] window = new float[_patch.Values];
        for (int token = 0; token < Grid.Tokens; token++)
        {
            _meanPatch.CopyTo(coefficients, 0);
            for (int h = first; h < first + count; h++)
            {
                ReadOnlySpan<float> row = output.Slice(((h * Grid.Tokens) + token) * Shape.HeadDim, coefficients.Length);
                for (int i = 0; i < coefficients.Length; i++)
                {
                    coefficients[i] += row[i] / count;
                }
            }

            _patch.Inverse(coefficients, window);
            (int frame, int y, int x) = Grid.CoordinatesOf(token);
            PatchPixels.Write(
                window, clip, frame * _patchSize.Frames, y * _patchSize.Height, x * _patchSize.Width, _patchSize.Frames, _patchSize.Height,
                _patchSize.Width);
        }

        return clip;
    }

    private static void Validate(ClipHeadsOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Heads, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.HeadDim, MinimumHeadDim, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.HeadDim, AttentionShape.MaximumHeadDim, nameof(options));
        if (!(options.Temperature > 0) || !double.IsFinite(options.Temperature))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Temperature, "Temperature must be positive and finite.");
        }

        foreach (ClipHeadKind kind in options.Kinds)
        {
            if (!(kind.FrameReach > 0 && kind.HeightReach > 0 && kind.WidthReach > 0 && kind.Content >= 0 && double.IsFinite(kind.Content)))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(options), kind, "Reaches must be positive (infinity turns an axis off), and content finite and not negative.");
            }
        }
    }

    private void WriteHead(int head, ContentFeatures content, int octaves, double temperature)
    {
        ClipHeadKind kind = Kinds[head];
        PositionFeatures frames = new(Grid.Frames, kind.FrameReach, octaves);
        PositionFeatures rows = new(Grid.Height, kind.HeightReach, octaves);
        PositionFeatures columns = new(Grid.Width, kind.WidthReach, octaves);

        // q . k = sqrt(D) x logit, shared evenly between the two sides.
        float side = (float)(Math.Sqrt(Math.Sqrt(Shape.HeadDim)) / Math.Sqrt(temperature));
        double nats = content.Variance > 0 ? kind.Content / (2 * content.Variance) : 0;
        float contentSide = side * (float)Math.Sqrt(2 * nats);
        double normSide = NormSide(content, nats);
        int dim = Shape.HeadDim;
        for (int token = 0; token < Grid.Tokens; token++)
        {
            Span<float> query = Query.AsSpan(((head * Grid.Tokens) + token) * dim, dim);
            Span<float> key = Key.AsSpan(((head * Grid.Tokens) + token) * dim, dim);
            (int f, int h, int w) = Grid.CoordinatesOf(token);
            int at = Write(query, 0, frames.At(f), side);
            at = Write(query, at, rows.At(h), side);
            at = Write(query, at, columns.At(w), side);
            int norm = at++;
            Write(query, at, content.Of(token), contentSide);
            query.CopyTo(key);
            query[norm] = side * (float)normSide;
            key[norm] = side * (float)(-nats * (content.SquaredNorm(token) - content.Variance) / Math.Max(normSide, 1e-30));
        }
    }

    /// <summary>
    /// The constant on the query side of the norm channel. It gives both sides one largest magnitude, so that the channel does not spend
    /// the range of a low-bit key; 0 when content is off.
    /// </summary>
    private double NormSide(ContentFeatures content, double nats)
    {
        double largest = 0;
        for (int token = 0; token < Grid.Tokens; token++)
        {
            largest = Math.Max(largest, nats * Math.Abs(content.SquaredNorm(token) - content.Variance));
        }

        return Math.Sqrt(largest);
    }

    private void WriteValues(VideoFrames clip)
    {
        float[] window = new float[_patch.Values];
        int dim = Shape.HeadDim;
        int headLength = Grid.Tokens * dim;
        for (int token = 0; token < Grid.Tokens; token++)
        {
            (int frame, int y, int x) = Grid.CoordinatesOf(token);
            PatchPixels.Read(
                clip, frame * _patchSize.Frames, y * _patchSize.Height, x * _patchSize.Width, _patchSize.Frames, _patchSize.Height,
                _patchSize.Width, window);
            _patch.Forward(window, Value.AsSpan(token * dim, dim));
        }

        SubtractMeanPatch();

        for (int head = 1; head < Shape.Heads; head++)
        {
            Value.AsSpan(0, headLength).CopyTo(Value.AsSpan(head * headLength));
        }
    }

    private void SubtractMeanPatch()
    {
        for (int i = 0; i < _meanPatch.Length; i++)
        {
            double sum = 0;
            for (int token = 0; token < Grid.Tokens; token++)
            {
                sum += Value[(token * Shape.HeadDim) + i];
            }

            _meanPatch[i] = (float)(sum / Grid.Tokens);
            for (int token = 0; token < Grid.Tokens; token++)
            {
                Value[(token * Shape.HeadDim) + i] -= _meanPatch[i];
            }
        }
    }

    private static int Write(Span<float> row, int at, ReadOnlySpan<float> features, float factor)
    {
        foreach (float value in features)
        {
            row[at++] = value * factor;
        }

        return at;
    }
}
