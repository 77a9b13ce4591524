using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Methods.SlidingTile;

/// <summary>
/// The per-head mask search of Sliding Tile Attention: the mean squared error of every candidate window against dense attention, summed
/// over the inputs it is shown, and per head the window with the least. One search serves one (step, layer). Not thread-safe.
/// </summary>
public sealed class SlidingTileSearch
{
    private readonly AttentionShape _shape;
    private readonly PlanningContext _context;
    private readonly TileLayout _layout;
    private readonly TileWindow[] _candidates;
    private readonly double[,] _errors;
    private int _inputs;

    /// <summary>Starts a search.</summary>
    /// <param name="shape">Sizes of the inputs to come.</param>
    /// <param name="context">Grid, block size and scale.</param>
    /// <param name="tile">Tokens of a tile.</param>
    /// <param name="candidates">Windows to choose from; <see cref="SlidingTileOptions.WanCandidates"/> are the published ones,
    /// <see cref="TileWindowCatalogue.CandidatesFor"/> makes some of one cost.</param>
    /// <exception cref="ArgumentException">No candidates, or the grid does not fit the shape.</exception>
    public SlidingTileSearch(AttentionShape shape, in PlanningContext context, TileShape tile, IReadOnlyList<TileWindow> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        context.RequireFits(shape);
        if (candidates.Count == 0)
        {
            throw new ArgumentException("Wanted at least one candidate window.", nameof(candidates));
        }

        _shape = shape;
        _context = context;
        _layout = TileLayout.ForBlocks(context.Grid, tile, context.BlockSize.Query, context.BlockSize.Key);
        _candidates = [.. candidates.Select(window => window.Within(_layout.Counts)).Distinct()];
        _errors = new double[shape.Heads, _candidates.Length];
    }

    /// <summary>Distinct candidates, cut to the number of tiles.</summary>
    public IReadOnlyList<TileWindow> Candidates => _candidates;

    /// <summary>Inputs shown so far.</summary>
    public int Inputs => _inputs;

    /// <summary>Summed errors, [heads, candidates] row-major, to go on with elsewhere.</summary>
    public double[] Export() => [.. _errors.Cast<double>()];

    /// <summary>Goes on from the sums of another search of equal candidates, on top of what this one has seen.</summary>
    /// <param name="errors">Summed errors, [heads, candidates].</param>
    /// <param name="inputs">Inputs behind them.</param>
    /// <exception cref="ArgumentException">Their number is not that of heads and candidates.</exception>
    public void Restore(ReadOnlySpan<double> errors, int inputs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(inputs);
        if (errors.Length != _errors.Length)
        {
            throw new ArgumentException(
                $"{errors.Length} errors were stored; wanted {_errors.Length}, one for each of {_shape.Heads} heads and "
                    + $"{_candidates.Length} candidates.",
                nameof(errors));
        }

        for (int place = 0; place < errors.Length; place++)
        {
            _errors[place / _candidates.Length, place % _candidates.Length] += errors[place];
        }

        _inputs += inputs;
    }

    /// <summary>Mean squared error of a candidate in a head so far.</summary>
    public double Error(int head, int candidate) => _inputs == 0 ? 0 : _errors[head, candidate] / _inputs;

    /// <summary>Judges the candidates on full outputs, computed by a backend, as the released search does.</summary>
    /// <param name="inputs">Q, K, V of one call.</param>
    /// <param name="backend">Runs the dense plan and the candidates.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    public void Add(in AttentionInputs inputs, IAttentionBackend backend, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(backend);
        RequireShape(inputs);
        float[] dense = Run(
            backend, AttentionPlan.Dense(_shape, _context.BlockSize) with { Scale = _context.Scale }, inputs, cancellationToken);
        for (int candidate = 0; candidate < _candidates.Length; candidate++)
        {
            PlanningContext exact = _context with { Recipe = KnownRecipes.Float32 };
            float[] sparse = Run(
                backend, SlidingTileMethod.Plan(_shape, exact, _layout, [_candidates[candidate]]), inputs, cancellationToken);
            int perHead = _shape.QueryLength * _shape.HeadDim;
            for (int index = 0; index < _shape.Batch * _shape.Heads; index++)
            {
                float distance = TensorPrimitives.Distance(dense.AsSpan(index * perHead, perHead), sparse.AsSpan(index * perHead, perHead));
                _errors[index % _shape.Heads, candidate] += (double)distance * distance / perHead / _shape.Batch;
            }
        }

        _inputs++;
    }

    /// <summary>Judges the candidates on sampled query rows: all candidates for the price of R dense rows.</summary>
    /// <param name="inputs">Q, K, V of one call.</param>
    /// <param name="sampledRows">Video query rows per head, drawn evenly over the video.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    public void AddSampled(in AttentionInputs inputs, int sampledRows = 64, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sampledRows, 1);
        RequireShape(inputs);
        TokenGrid grid = _context.Grid;
        int[] tileOfKey = new int[grid.Tokens];
        for (int token = 0; token < tileOfKey.Length; token++)
        {
            int tile = _layout.TileOfToken(token);
            tileOfKey[token] = tile < 0 ? _layout.TileCount : tile;
        }

        int count = Math.Min(sampledRows, grid.VideoTokens);
        int[] rows = [.. Enumerable.Range(0, count).Select(i => grid.VideoStart + (int)((2L * i + 1) * grid.VideoTokens / (2L * count)))];
        double scale = _context.Scale ?? (1.0 / Math.Sqrt(_shape.HeadDim));
        double[][] errors = SampledAttention.Read(
            inputs, scale, [.. Enumerable.Repeat(rows, _shape.Batch * _shape.Heads)], _layout.TileCount + 1,
            (_, classes) => tileOfKey.CopyTo(classes),
            (_, sample) => Array.ConvertAll(
                _candidates,
                window => sample.MeanSquaredError(
                    (row, tile) => tile == _layout.TileCount || Sees(window, tileOfKey[rows[row]], tile))),
            cancellationToken);
        for (int index = 0; index < errors.Length; index++)
        {
            for (int candidate = 0; candidate < _candidates.Length; candidate++)
            {
                _errors[index % _shape.Heads, candidate] += errors[index][candidate] / _shape.Batch;
            }
        }

        _inputs++;
    }

    /// <summary>The window with the least error of each head; between equal errors the cheaper one.</summary>
    /// <exception cref="InvalidOperationException">No inputs were shown.</exception>
    public IReadOnlyList<TileWindow> Choose()
    {
        RequireInputs();
        TileWindow[] windows = new TileWindow[_shape.Heads];
        for (int head = 0; head < windows.Length; head++)
        {
            int own = head;
            windows[head] = _candidates[Enumerable.Range(0, _candidates.Length)
                .OrderBy(candidate => _errors[own, candidate])
                .ThenBy(candidate => _candidates[candidate].TilesSeen(_layout.Counts))
                .First()];
        }

        return windows;
    }

    /// <summary>The window with the least error summed over heads; between equal errors the cheaper one.</summary>
    /// <exception cref="InvalidOperationException">No inputs were shown.</exception>
    public TileWindow ChooseForAllHeads()
    {
        RequireInputs();
        return _candidates[Enumerable.Range(0, _candidates.Length)
            .OrderBy(candidate => Enumerable.Range(0, _shape.Heads).Sum(head => _errors[head, candidate]))
            .ThenBy(candidate => _candidates[candidate].TilesSeen(_layout.Counts))
            .First()];
    }

    /// <summary>The plan of the chosen windows.</summary>
    public AttentionPlan Plan() => SlidingTileMethod.Plan(_shape, _context, _layout, Choose());

    private void RequireInputs()
    {
        if (_inputs == 0)
        {
            throw new InvalidOperationException("The search has seen no inputs; call Add or AddSampled first.");
        }
    }

    private static float[] Run(
        IAttentionBackend backend, AttentionPlan plan, in AttentionInputs inputs, CancellationToken cancellationToken)
    {
        AttentionShape shape = plan.Shape;
        float[] output = new float[checked(shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim)];
        using IAttentionKernel kernel = backend.Compile(plan);
        kernel.Run(
            inputs,
            new TensorSpan<float>(output, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]),
            default,
            cancellationToken);
        return output;
    }

    private bool Sees(TileWindow window, int queryTile, int keyTile)
    {
        (int frame, int row, int column) = _layout.CoordinatesOf(queryTile);
        (int keyFrame, int keyRow, int keyColumn) = _layout.CoordinatesOf(keyTile);
        return Inside(window.FrameRange(frame, _layout), keyFrame)
            && Inside(window.RowRange(row, _layout), keyRow)
            && Inside(window.ColumnRange(column, _layout), keyColumn);
    }

    private static bool Inside((int First, int Last) range, int index) => index >= range.First && index <= range.Last;

    private void RequireShape(in AttentionInputs inputs)
    {
        if (inputs.Shape != _shape)
        {
            throw new ArgumentException($"The search was started for {_shape}, the inputs are {inputs.Shape}.", nameof(inputs));
        }
    }
}
