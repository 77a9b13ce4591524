using Tessera.Attention;

namespace Tessera.Methods.Paro;

/// <summary>
/// What calibration has seen of one (mask group, head, candidate order). Mutable; owned by one <see cref="ParoCalibrator"/>.
/// </summary>
internal sealed class CandidateStatistics
{
    private readonly BlockLattice _lattice;
    private readonly ParoOptions _options;
    private readonly float[] _mass;
    private readonly float[] _importance;
    private readonly List<float[]> _observed = [];
    private int _observations;

    public CandidateStatistics(BlockLattice lattice, ParoOptions options)
    {
        _lattice = lattice;
        _options = options;
        _mass = new float[lattice.QueryBlocks * lattice.KeyBlocks];
        _importance = options is { Criterion: ParoCriterion.BlockSum, Combination: ParoCombination.Mean } ? _mass : new float[_mass.Length];
    }

    public bool HasObservations => _observations > 0;

    /// <summary>Maps added.</summary>
    public int Observations => _observations;

    /// <summary>Mean mass of each block.</summary>
    public ReadOnlySpan<float> Mass => _mass;

    /// <summary>Observations kept apart, for <see cref="ParoCombination.Union"/>.</summary>
    public int SeparateObservations => _observed.Count;

    /// <summary>Goes on from stored means; only where the mass is all that is kept.</summary>
    public void Restore(ReadOnlySpan<float> mass, int observations)
    {
        mass.CopyTo(_mass);
        _observations = observations;
    }

    /// <summary>Adds one map.</summary>
    /// <param name="statistics">Its block statistics.</param>
    /// <param name="valueSpread">Per key block the mean distance of values from their mean; empty unless the criterion needs it.</param>
    /// <exception cref="ArgumentException">The map is not finite.</exception>
    public void Add(BlockMapStatistics statistics, ReadOnlySpan<float> valueSpread)
    {
        float[] importance = Importance(statistics, valueSpread);
        _observations++;
        float weight = 1f / _observations;
        for (int block = 0; block < _mass.Length; block++)
        {
            if (!float.IsFinite(statistics.Sum[block]))
            {
                throw new ArgumentException(
                    $"Block {block} of the attention map sums to {statistics.Sum[block]}; calibration needs finite Q and K.",
                    nameof(statistics));
            }

            _mass[block] += (statistics.Sum[block] - _mass[block]) * weight;
            if (!ReferenceEquals(_importance, _mass))
            {
                _importance[block] = _options.Combination == ParoCombination.Max
                    ? Math.Max(_importance[block], importance[block])
                    : _importance[block] + ((importance[block] - _importance[block]) * weight);
            }
        }

        if (_options.Combination == ParoCombination.Union)
        {
            _observed.Add((float[])importance.Clone());
        }
    }

    /// <summary>The combined map, nothing selected yet but what is always kept.</summary>
    public BlockMap Combined(bool[] always) => new(_mass, _importance, always);

    /// <summary>One observation with the combined mass.</summary>
    public BlockMap Observation(int index, bool[] always) => new(_mass, _observed[index], always);

    /// <summary>A map of a single observation, for scores that are taken as data comes in.</summary>
    public BlockMap Single(BlockMapStatistics statistics, ReadOnlySpan<float> valueSpread, bool[] always) =>
        new(statistics.Sum, Importance(statistics, valueSpread), always);

    private float[] Importance(BlockMapStatistics statistics, ReadOnlySpan<float> valueSpread)
    {
        if (_options.Criterion == ParoCriterion.BlockSum)
        {
            return statistics.Sum;
        }

        float[] importance = new float[statistics.Sum.Length];
        for (int row = 0; row < _lattice.QueryBlocks; row++)
        {
            for (int column = 0; column < _lattice.KeyBlocks; column++)
            {
                int block = (row * _lattice.KeyBlocks) + column;
                float pairs = (float)_lattice.RowTokens[row] * _lattice.ColumnTokens[column];
                importance[block] = _options.Criterion == ParoCriterion.OutputError
                    ? statistics.Sum[block] * valueSpread[column]
                    : pairs > 0 ? (pairs - statistics.CountBelow[block]) / pairs : 0;
            }
        }

        return importance;
    }
}
