using System.Collections.Immutable;

namespace Tessera.Masks.Mods;

/// <summary>Adds a learned bias per distance key - query, clipped to the ends of the table.</summary>
public readonly record struct RelativePositionBias : IScoreMod
{
    private readonly ImmutableArray<float> _table;

    /// <summary>Takes the table.</summary>
    /// <param name="table">Bias of the distances -R..R; an odd number of values.</param>
    /// <exception cref="ArgumentException">The table has an even number of values.</exception>
    public RelativePositionBias(params ReadOnlySpan<float> table)
    {
        if (table.Length % 2 == 0)
        {
            throw new ArgumentException($"The table has {table.Length} values; the distances -R..R need an odd number.", nameof(table));
        }

        _table = [.. table];
    }

    /// <summary>Largest distance R that the table tells apart.</summary>
    public int Radius => _table.Length / 2;

    /// <summary>Bias of the distances -R..R.</summary>
    internal ReadOnlySpan<float> Table => _table.AsSpan();

    /// <inheritdoc/>
    public float Apply(float score, TokenPair pair) => score + _table[Math.Clamp(pair.Key - pair.Query, -Radius, Radius) + Radius];

    /// <summary>Equal tables are equal biases.</summary>
    public bool Equals(RelativePositionBias other) => _table.AsSpan().SequenceEqual(other._table.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_table.Length, _table[0], _table[Radius]);

    /// <inheritdoc/>
    public override string ToString() => $"relative-bias-{Radius}";
}
