using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Methods.Paro;

/// <summary>
/// Offline calibration of one layer (PAROAttention, arXiv 2506.16054, with the gaps of the paper filled as docs/methods/paro.md says): add
/// the Q and K of a dense run for some prompts, steps and guidance branches, then build plans. The map is streamed as three numbers per
/// block; an N x N map never exists. Not thread-safe; what it builds is immutable.
/// </summary>
/// <remarks>
/// Memory: 4 bytes x heads x blocks x candidates x mask groups (twice for some criteria). Call <see cref="ChooseOrders"/> after a few steps
/// to drop the candidates that lost; with query-block subsampling that call is needed, since masks read every row of the chosen order.
/// </remarks>
public sealed partial class ParoCalibrator
{
    private readonly PlanningContext _context;
    private readonly AttentionShape _shape;
    private readonly IAttentionMapReader _reader;
    private readonly ParoOptions _options;
    private readonly BlockLattice _lattice;
    private readonly BlockSelector _selector;
    private readonly CandidateStatistics?[,,] _statistics;
    private readonly ScoreTotals[,] _totals;
    private readonly bool[][] _always;
    private readonly double _scale;
    private ParoOrderChoice[]? _choices;

    /// <summary>Starts a calibration.</summary>
    /// <param name="context">Grid, block size, scale, and the recipe that plans shall carry.</param>
    /// <param name="shape">Shape of one observation; its batch entries count as observations of their own (prompts or guidance
    /// branches).</param>
    /// <param name="reader">Reads block statistics of softmax maps; a backend offers one.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="sharing">Which steps share a mask; null for one mask.</param>
    /// <exception cref="ArgumentException">Options are out of range, or grid and shape disagree.</exception>
    public ParoCalibrator(
        PlanningContext context, AttentionShape shape, IAttentionMapReader reader, ParoOptions? options = null,
        ParoTimeSharing? sharing = null)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _options = options ?? new ParoOptions();
        _options.Validate();
        if (shape.QueryLength != context.Grid.Tokens || shape.KeyLength != context.Grid.Tokens)
        {
            throw new ArgumentException(
                $"Grid {context.Grid} has {context.Grid.Tokens} tokens, the inputs {shape}; PARO reorders self-attention over one grid.",
                nameof(shape));
        }

        _context = context;
        _shape = shape;
        _reader = reader;
        Sharing = sharing ?? ParoTimeSharing.Single(1);
        _scale = context.Scale ?? (1.0 / Math.Sqrt(shape.HeadDim));
        _lattice = new BlockLattice(context.Grid, context.BlockSize, _options, ParoCandidateOrders.List(context.Grid, _options));
        _selector = new BlockSelector(_lattice, _options);
        _always = [.. Enumerable.Range(0, _lattice.Orders.Length).Select(candidate => _lattice.AlwaysKept(candidate, _options))];
        _statistics = new CandidateStatistics?[Sharing.Groups, shape.Heads, _lattice.Orders.Length];
        _totals = new ScoreTotals[shape.Heads, _lattice.Orders.Length];
    }

    /// <summary>Which steps share a mask.</summary>
    public ParoTimeSharing Sharing { get; }

    /// <summary>Candidate orders on the block lattice, in the order that breaks ties.</summary>
    public IReadOnlyList<TokenOrder> Candidates => _lattice.Orders;

    /// <summary>Adds the Q and K (and V, when the metric or the criterion reads it) of one dense run of the layer.</summary>
    /// <param name="inputs">Inputs of the calibrated shape, or of another batch size.</param>
    /// <param name="step">Denoising step, which decides the mask group.</param>
    /// <param name="cancellationToken">Polled between block rows.</param>
    /// <exception cref="ArgumentException">The inputs have another shape or are not finite.</exception>
    public void Add(in AttentionInputs inputs, int step = 0, CancellationToken cancellationToken = default)
    {
        if (inputs.Shape with { Batch = _shape.Batch } != _shape)
        {
            throw new ArgumentException($"Calibration is for {_shape} with any batch, the inputs are {inputs.Shape}.", nameof(inputs));
        }

        int group = Sharing.GroupOf(step);
        float[] logSumExp = new float[_shape.QueryLength];
        for (int batch = 0; batch < inputs.Shape.Batch; batch++)
        {
            for (int head = 0; head < _shape.Heads; head++)
            {
                _reader.ReadLogSumExp(inputs, batch, head, _scale, logSumExp, cancellationToken);
                AddHead(inputs, group, batch, head, logSumExp, cancellationToken);
            }
        }
    }

    /// <summary>Fixes the order of every head by what has been added so far; later additions feed masks only.</summary>
    /// <returns>The order of each head.</returns>
    /// <exception cref="InvalidOperationException">Nothing has been added.</exception>
    public IReadOnlyList<TokenOrder> ChooseOrders()
    {
        if (_choices is null)
        {
            RequireObservations(Enumerable.Range(0, Sharing.Groups).Any(HasObservations), "no inputs have been added");
            _choices = [.. Enumerable.Range(0, _shape.Heads).Select(Choose)];
            _choices = _options.SharedOrder ? Share(_choices) : _choices;
            DropLosers();
        }

        return [.. _choices.Select(choice => _lattice.Orders[choice.Candidate])];
    }

    /// <summary>Makes the plans.</summary>
    /// <exception cref="InvalidOperationException">A mask group has no observations.</exception>
    public ParoCalibration Build()
    {
        ChooseOrders();
        for (int group = 0; group < Sharing.Groups; group++)
        {
            RequireObservations(
                HasObservations(group),
                $"mask group {group} of sharing {Sharing} has no "
                    + $"{(_options.QueryBlockStride > 1 ? "full-row inputs after ChooseOrders" : "inputs")}");
        }

        return new ParoMaskAssembly(_context, _shape, _options, Sharing, _lattice, _selector, _choices!, MapOf).Assemble();
    }

    private void AddHead(in AttentionInputs inputs, int group, int batch, int head, float[] logSumExp, CancellationToken cancellationToken)
    {
        bool scoring = _choices is null;
        int[] sampled = scoring ? _lattice.SampledRows(_options.QueryBlockStride) : [];
        int[] rows = sampled.Length > 0 ? sampled : _selector.AllRows;
        float[] spread = _options.Criterion == ParoCriterion.OutputError ? ValueSpread.PerToken(inputs, batch, head) : [];
        OutputErrorProbe? probe = scoring && _options.Metric == ParoMetric.OutputError
            ? new OutputErrorProbe(inputs, _lattice.Grid, batch, head, _scale, logSumExp, _options.SampledQueries)
            : null;
        BlockMapStatistics statistics = new(_lattice.Slots, _lattice.Slots, _lattice.Size);
        float epsilon = (float)_options.Epsilon.For(_shape.KeyLength);
        for (int candidate = 0; candidate < _lattice.Orders.Length; candidate++)
        {
            if (!scoring && candidate != _choices![head].Candidate)
            {
                continue;
            }

            TokenOrder order = _lattice.Orders[candidate];
            Array.Clear(statistics.Sum);
            Array.Clear(statistics.Maximum);
            Array.Clear(statistics.CountBelow);
            _reader.ReadBlocks(inputs, batch, head, order, _scale, logSumExp, epsilon, sampled, statistics, cancellationToken);
            float[] blockSpread = spread.Length == 0 ? [] : ValueSpread.PerBlock(spread, order, _lattice.Size.Key);
            CandidateStatistics seen = _statistics[group, head, candidate] ??= new CandidateStatistics(_lattice, _options);
            seen.Add(statistics, blockSpread);
            if (scoring)
            {
                double error = probe is null
                    ? 0
                    : probe.Error(
                        Selected(seen.Single(statistics, blockSpread, _always[candidate]), rows), _lattice, order, _options.Normalization);
                _totals[head, candidate].Add(BlockMapTerms.Of(statistics, _lattice, rows, _options.Sigma), error);
            }
        }
    }

    private ParoOrderChoice Choose(int head)
    {
        int candidates = _lattice.Orders.Length;
        int[] sampled = _lattice.SampledRows(_options.QueryBlockStride);
        int[] rows = sampled.Length > 0 ? sampled : _selector.AllRows;
        double[] kept = new double[candidates];
        BlockMapTerms[] terms = new BlockMapTerms[candidates];
        double[] errors = new double[candidates];
        for (int candidate = 0; candidate < candidates; candidate++)
        {
            int groups = 0;
            for (int group = 0; group < Sharing.Groups; group++)
            {
                if (_statistics[group, head, candidate] is { HasObservations: true } seen)
                {
                    kept[candidate] += Selected(seen.Combined(_always[candidate]), rows).KeptShare(rows, _lattice.KeyBlocks);
                    groups++;
                }
            }

            kept[candidate] /= groups;
            (terms[candidate], errors[candidate]) = _totals[head, candidate].Mean();
        }

        bool hasErrors = _options.Metric == ParoMetric.OutputError;
        double[] scores = ParoScoring.Scores(_options.Metric, _options.Alpha, terms, kept, hasErrors ? errors : null);
        ParoCandidateScore[] report = new ParoCandidateScore[candidates];
        for (int candidate = 0; candidate < candidates; candidate++)
        {
            report[candidate] = new(
                _lattice.Orders[candidate].Name, scores[candidate], kept[candidate], terms[candidate].EmptyShare,
                terms[candidate].Incoherence, hasErrors ? errors[candidate] : null);
        }

        return new ParoOrderChoice(ParoScoring.Best(scores), report);
    }

    private static ParoOrderChoice[] Share(ParoOrderChoice[] choices)
    {
        double[] sums = new double[choices[0].Scores.Count];
        foreach (ParoOrderChoice choice in choices)
        {
            for (int candidate = 0; candidate < sums.Length; candidate++)
            {
                sums[candidate] += choice.Scores[candidate].Score;
            }
        }

        return [.. choices.Select(choice => choice with { Candidate = ParoScoring.Best(sums) })];
    }

    /// <summary>One head cannot know the tau of all heads, so a candidate is judged at the target density of its own head.</summary>
    private BlockMap Selected(BlockMap map, int[] rows)
    {
        _selector.Select([map], rows);
        return map;
    }

    private void DropLosers()
    {
        for (int group = 0; group < Sharing.Groups; group++)
        {
            for (int head = 0; head < _shape.Heads; head++)
            {
                for (int candidate = 0; candidate < _lattice.Orders.Length; candidate++)
                {
                    if (candidate != _choices![head].Candidate || _options.QueryBlockStride > 1)
                    {
                        _statistics[group, head, candidate] = null;
                    }
                }
            }
        }
    }

    private bool HasObservations(int group)
    {
        for (int candidate = 0; candidate < _lattice.Orders.Length; candidate++)
        {
            if (_statistics[group, 0, candidate] is { HasObservations: true })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The chosen candidate's combined map, or one observation of it.</summary>
    private BlockMap? MapOf(int group, int head, int observation)
    {
        int candidate = _choices![head].Candidate;
        CandidateStatistics seen = _statistics[group, head, candidate]!;
        return observation < 0 ? seen.Combined(_always[candidate])
            : observation < seen.SeparateObservations ? seen.Observation(observation, _always[candidate])
            : null;
    }

    private static void RequireObservations(bool condition, string fault)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Calibration cannot be built: {fault}. Call Add first.");
        }
    }

    /// <summary>Running means of the score terms of one (head, candidate).</summary>
    private struct ScoreTotals
    {
        private int _count;
        private double _empty;
        private double _incoherence;
        private double _error;

        public void Add(BlockMapTerms terms, double error)
        {
            _count++;
            _empty += terms.EmptyShare;
            _incoherence += terms.Incoherence;
            _error += error;
        }

        public readonly void CopyTo(Span<double> terms)
        {
            terms[0] = _count;
            terms[1] = _empty;
            terms[2] = _incoherence;
            terms[3] = _error;
        }

        public static ScoreTotals Of(ReadOnlySpan<double> terms) =>
            new() { _count = (int)terms[0], _empty = terms[1], _incoherence = terms[2], _error = terms[3] };

        public readonly (BlockMapTerms Terms, double Error) Mean() =>
            (new BlockMapTerms(_empty / _count, _incoherence / _count), _error / _count);
    }
}
