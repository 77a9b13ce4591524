using Tessera.Serialization;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.TextEncoder;

/// <summary>
/// What a block adds to its attention scores: a number for each head and bucket of relative positions. In umT5 every block has its own.
/// Immutable.
/// </summary>
internal sealed class PositionBias
{
    private readonly float[] _table;
    private readonly Umt5Config _config;

    /// <param name="table">[buckets, heads].</param>
    /// <param name="config">Sizes.</param>
    public PositionBias(StoredTensor table, Umt5Config config)
    {
        _table = table.ReadSingle();
        _config = config;
    }

    /// <summary>Floats that <see cref="Fill"/> writes for a head.</summary>
    public static int Length(int tokens) => (2 * tokens) - 1;

    /// <summary>
    /// Writes the bias of a head for relative positions 1 - tokens to tokens - 1; the row of query i starts at tokens - 1 - i.
    /// </summary>
    public void Fill(int head, int tokens, Span<float> destination)
    {
        for (int i = 0; i < Length(tokens); i++)
        {
            int bucket = RelativePositionBuckets.Of(i - (tokens - 1), _config.Buckets, _config.MaximumDistance);
            destination[i] = _table[(bucket * _config.Heads) + head];
        }
    }
}
