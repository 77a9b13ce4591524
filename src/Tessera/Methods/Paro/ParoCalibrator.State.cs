namespace Tessera.Methods.Paro;

/// <summary>Storing a calibration and going on with it.</summary>
public sealed partial class ParoCalibrator
{
    /// <summary>Whether the order of every head is fixed.</summary>
    public bool HasOrders => _choices is not null;

    /// <summary>Position in <see cref="Candidates"/> of the order of each head.</summary>
    /// <exception cref="InvalidOperationException">Orders are not chosen yet.</exception>
    public IReadOnlyList<int> ChosenCandidates => _choices is null
        ? throw new InvalidOperationException("Orders are not chosen yet; call ChooseOrders first.")
        : [.. _choices.Select(static choice => choice.Candidate)];

    /// <summary>What has been seen in a mask group; null when it has seen nothing.</summary>
    /// <param name="group">Mask group.</param>
    /// <exception cref="NotSupportedException">The options keep more than mean mass: another criterion or combination, or sampled
    /// rows.</exception>
    public ParoObservations? Export(int group)
    {
        RequireStorable();
        ArgumentOutOfRangeException.ThrowIfNegative(group);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(group, Sharing.Groups);
        int[][] candidates =
        [
            .. Enumerable.Range(0, _shape.Heads).Select(
                head => Enumerable.Range(0, _lattice.Orders.Length)
                    .Where(candidate => _statistics[group, head, candidate] is { HasObservations: true }).ToArray()),
        ];
        if (candidates[0].Length == 0)
        {
            return null;
        }

        int blocks = _lattice.QueryBlocks * _lattice.KeyBlocks;
        float[] mass = new float[checked(_shape.Heads * candidates[0].Length * blocks)];
        int next = 0;
        for (int head = 0; head < _shape.Heads; head++)
        {
            foreach (int candidate in candidates[head])
            {
                _statistics[group, head, candidate]!.Mass.CopyTo(mass.AsSpan(next));
                next += blocks;
            }
        }

        return new ParoObservations
        {
            Count = _statistics[group, 0, candidates[0][0]]!.Observations,
            Candidates = candidates,
            Mass = mass,
        };
    }

    /// <summary>Goes on from what another calibrator of equal options saw in a mask group.</summary>
    /// <exception cref="ArgumentException">The data is of another shape.</exception>
    public void Restore(int group, ParoObservations seen)
    {
        RequireStorable();
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentOutOfRangeException.ThrowIfNegative(group);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(group, Sharing.Groups);
        int blocks = _lattice.QueryBlocks * _lattice.KeyBlocks;
        bool fits = seen.Candidates.Count == _shape.Heads
            && seen.Candidates.All(heads => heads.Length == seen.Candidates[0].Length && heads.All(IsCandidate))
            && seen.Mass.Length == (long)_shape.Heads * seen.Candidates[0].Length * blocks;
        if (!fits)
        {
            throw new ArgumentException(
                $"The observations hold {seen.Mass.Length} numbers for {seen.Candidates.Count} heads; wanted {_shape.Heads} heads of "
                    + $"{blocks} blocks for each of their candidates.",
                nameof(seen));
        }

        int next = 0;
        for (int head = 0; head < _shape.Heads; head++)
        {
            foreach (int candidate in seen.Candidates[head])
            {
                CandidateStatistics statistics = new(_lattice, _options);
                statistics.Restore(seen.Mass.AsSpan(next, blocks), seen.Count);
                _statistics[group, head, candidate] = statistics;
                next += blocks;
            }
        }
    }

    /// <summary>Sums of the score terms so far.</summary>
    public ParoScoreSums ExportScores()
    {
        double[] sums = new double[_totals.Length * ParoScoreSums.Terms];
        for (int head = 0; head < _shape.Heads; head++)
        {
            for (int candidate = 0; candidate < _lattice.Orders.Length; candidate++)
            {
                _totals[head, candidate].CopyTo(
                    sums.AsSpan(((head * _lattice.Orders.Length) + candidate) * ParoScoreSums.Terms, ParoScoreSums.Terms));
            }
        }

        return new ParoScoreSums { Sums = sums };
    }

    /// <summary>Goes on from stored sums.</summary>
    /// <exception cref="ArgumentException">They are of another number of heads or candidates.</exception>
    public void RestoreScores(ParoScoreSums scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        if (scores.Sums.Length != _totals.Length * ParoScoreSums.Terms)
        {
            throw new ArgumentException(
                $"{scores.Sums.Length} sums were stored; wanted {_totals.Length * ParoScoreSums.Terms}, {ParoScoreSums.Terms} for each "
                    + "head and candidate.",
                nameof(scores));
        }

        for (int place = 0; place < _totals.Length; place++)
        {
            _totals[place / _lattice.Orders.Length, place % _lattice.Orders.Length] =
                ScoreTotals.Of(scores.Sums.AsSpan(place * ParoScoreSums.Terms, ParoScoreSums.Terms));
        }
    }

    /// <summary>Fixes the orders to those that another calibrator chose; reports then hold no scores of the others.</summary>
    /// <param name="candidates">Position in <see cref="Candidates"/> for each head.</param>
    /// <exception cref="ArgumentException">Their number is not that of the heads, or one is no candidate.</exception>
    public void RestoreOrders(IReadOnlyList<int> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        if (candidates.Count != _shape.Heads || !candidates.All(IsCandidate))
        {
            throw new ArgumentException(
                $"Orders [{string.Join(", ", candidates)}] do not fit {_shape.Heads} heads and {_lattice.Orders.Length} candidates.",
                nameof(candidates));
        }

        _choices = [.. candidates.Select(static candidate => new ParoOrderChoice(candidate, []))];
    }

    private bool IsCandidate(int candidate) => (uint)candidate < (uint)_lattice.Orders.Length;

    private void RequireStorable()
    {
        if (_options.Criterion != ParoCriterion.BlockSum || _options.Combination != ParoCombination.Mean || _options.QueryBlockStride > 1)
        {
            throw new NotSupportedException(
                $"Calibrations are stored for criterion {ParoCriterion.BlockSum}, combination {ParoCombination.Mean} and every block row; "
                    + $"got {_options.Criterion}, {_options.Combination} and every {_options.QueryBlockStride}th.");
        }
    }
}
