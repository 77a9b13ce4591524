using System.Buffers;
using System.Runtime.CompilerServices;
using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Methods.SparseVideoGen;

/// <summary>
/// Sparse VideoGen's online profiling: for a few sampled query rows of each head, dense attention against attention under a spatial and
/// under a temporal mask; the smaller mean squared error names the head.
/// </summary>
/// <remarks>
/// Both masks cut the keys of a row into four classes (seen by neither, by one, by both), so one pass over the keys serves both. The
/// profiling masks are bands over blocks of 128 tokens of natural and of token-major order, 1.5 frames wide for Hunyuan and 2 for Wan, as
/// released. With a map reader the rows go through a backend's kernels, without one through plain vector loops. Immutable.
/// </remarks>
internal sealed class VideoHeadClassifier
{
    private const int ProfileBlock = 128;
    private const int Spatial = 1;
    private const int Temporal = 2;

    private readonly TokenGrid _grid;
    private readonly SparseVideoGenOptions _options;
    private readonly bool _sink;
    private readonly int _reach;
    private readonly int[] _naturalBlock;
    private readonly int[] _tokenMajorBlock;
    private readonly ProfilingMask _spatialMask;
    private readonly ProfilingMask _temporalMask;

    public VideoHeadClassifier(TokenGrid grid, SparseVideoGenOptions options, bool sink)
    {
        _grid = grid;
        _options = options;
        _sink = sink;
        _reach = Math.Max(1, (int)((sink ? 2.0 : 1.5) * grid.FrameTokens) / ProfileBlock);
        _naturalBlock = new int[grid.VideoTokens];
        _tokenMajorBlock = new int[grid.VideoTokens];
        for (int video = 0; video < grid.VideoTokens; video++)
        {
            int frame = Math.DivRem(video, grid.FrameTokens, out int position);
            _naturalBlock[video] = video / ProfileBlock;
            _tokenMajorBlock[video] = ((position * grid.Frames) + frame) / ProfileBlock;
        }

        _spatialMask = new ProfilingMask(grid, _naturalBlock, sink ? grid.FrameTokens : 0, _reach);
        _temporalMask = new ProfilingMask(grid, _tokenMajorBlock, 0, _reach);
    }

    /// <summary>Kind of each head; over a batch the errors are averaged, since a plan's orders are shared by the batch.</summary>
    public VideoHeadKind[] Classify(
        in AttentionInputs inputs, double scale, StepContext step, IAttentionMapReader? reader, CancellationToken cancellationToken)
    {
        AttentionShape shape = inputs.Shape;
        int[][] rows = new int[shape.Batch * shape.Heads][];
        for (int index = 0; index < rows.Length; index++)
        {
            rows[index] = DrawRows(step, index);
        }

        (double Spatial, double Temporal)[] errors = reader is null
            ? Sample(inputs, scale, rows, cancellationToken)
            : Read(inputs, scale, rows, reader, cancellationToken);
        VideoHeadKind[] kinds = new VideoHeadKind[shape.Heads];
        for (int head = 0; head < kinds.Length; head++)
        {
            double spatial = 0;
            double temporal = 0;
            for (int batch = 0; batch < shape.Batch; batch++)
            {
                spatial += errors[(batch * shape.Heads) + head].Spatial;
                temporal += errors[(batch * shape.Heads) + head].Temporal;
            }

            kinds[head] = temporal < spatial ? VideoHeadKind.Temporal : VideoHeadKind.Spatial;
        }

        return kinds;
    }

    /// <summary>Errors of both masks per (batch, head), by plain loops.</summary>
    internal (double Spatial, double Temporal)[] Sample(
        in AttentionInputs inputs, double scale, int[][] rows, CancellationToken cancellationToken) =>
        SampledAttention.Read(
            inputs, scale, rows, classes: 4, ClassifyKeys,
            static (_, sample) => (
                sample.MeanSquaredError(static (_, kind) => (kind & Spatial) != 0),
                sample.MeanSquaredError(static (_, kind) => (kind & Temporal) != 0)),
            cancellationToken);

    /// <summary>Errors of both masks per (batch, head), by a backend's reader.</summary>
    internal (double Spatial, double Temporal)[] Read(
        in AttentionInputs inputs, double scale, int[][] rows, IAttentionMapReader reader, CancellationToken cancellationToken)
    {
        // A sample of the reader has as many rows as a word has bits.
        const int MostRows = 64;
        AttentionShape shape = inputs.Shape;
        (double Spatial, double Temporal)[] errors = new (double, double)[rows.Length];
        float[] outputs = ArrayPool<float>.Shared.Rent(3 * MostRows * shape.HeadDim);
        KeyRun[][] masks = [_spatialMask.NewRuns(), _temporalMask.NewRuns()];
        for (int index = 0; index < rows.Length; index++)
        {
            for (int first = 0; first < rows[index].Length; first += MostRows)
            {
                ReadOnlySpan<int> part = rows[index].AsSpan(first, Math.Min(MostRows, rows[index].Length - first));
                _spatialMask.Fill(masks[0], part);
                _temporalMask.Fill(masks[1], part);
                int length = part.Length * shape.HeadDim;
                Span<float> all = outputs.AsSpan(0, 3 * length);
                (int batch, int head) = Math.DivRem(index, shape.Heads);
                reader.ReadRows(inputs, batch, head, scale, part, masks, all, cancellationToken);
                errors[index].Spatial += SquaredDistance(all[..length], all.Slice(length, length)) / (rows[index].Length * shape.HeadDim);
                errors[index].Temporal += SquaredDistance(all[..length], all[(2 * length)..]) / (rows[index].Length * shape.HeadDim);
            }
        }

        ArrayPool<float>.Shared.Return(outputs);
        return errors;
    }

    private static double SquaredDistance(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        double sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            double difference = (double)left[i] - right[i];
            sum += difference * difference;
        }

        return sum;
    }

    private int[] DrawRows(StepContext step, int index)
    {
        // Rows may repeat, as in the released sampling; with so few of so many it hardly matters.
        Random random = new(unchecked((((((_options.Seed * 397) + step.Step) * 397) + step.Layer) * 397) + index));
        int range = Math.Min(_options.SampleRange, _grid.VideoTokens);
        int[] rows = new int[_options.SampledRows];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = _grid.VideoStart + random.Next(range);
        }

        return rows;
    }

    // Called a few dozen times in all, with every key each time: optimise at once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ClassifyKeys(int query, Span<int> classes)
    {
        int own = query - _grid.VideoStart;
        int naturalBlock = _naturalBlock[own];
        int tokenMajorBlock = _tokenMajorBlock[own];
        int sink = _sink ? _grid.FrameTokens : 0;
        classes.Fill(Spatial | Temporal);
        Span<int> video = classes.Slice(_grid.VideoStart, _grid.VideoTokens);
        for (int key = 0; key < video.Length; key++)
        {
            bool spatial = Math.Abs(_naturalBlock[key] - naturalBlock) < _reach || key < sink;
            bool temporal = Math.Abs(_tokenMajorBlock[key] - tokenMajorBlock) < _reach;
            video[key] = (spatial ? Spatial : 0) | (temporal ? Temporal : 0);
        }
    }
}
