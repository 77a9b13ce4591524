namespace Tessera.Masks;

/// <summary>
/// A score functor closed over its type, so that plans can hold it and kernels call it once per tile instead of once per score.
/// </summary>
public abstract class ScoreModifier
{
    private protected ScoreModifier()
    {
    }

    /// <summary>The functor, boxed: for plan files, never for kernels.</summary>
    internal abstract IScoreMod Mod { get; }

    /// <summary>Wraps a struct functor.</summary>
    public static ScoreModifier Of<TMod>(TMod mod)
        where TMod : struct, IScoreMod => new Closed<TMod>(mod);

    /// <summary>Changes one score.</summary>
    public abstract float Apply(float score, TokenPair pair);

    /// <summary>Changes a tile of scores in place.</summary>
    /// <param name="scores">Scores, row r at <paramref name="stride"/> * r.</param>
    /// <param name="stride">Elements between rows.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="queries">Natural query token of each row, negative for padding.</param>
    /// <param name="keys">Natural key token of each column, negative for padding.</param>
    public abstract void ApplyTile(Span<float> scores, int stride, int batch, int head, ReadOnlySpan<int> queries, ReadOnlySpan<int> keys);

    private sealed class Closed<TMod>(TMod mod) : ScoreModifier
        where TMod : struct, IScoreMod
    {
        private readonly TMod _mod = mod;

        internal override IScoreMod Mod => _mod;

        public override float Apply(float score, TokenPair pair) => _mod.Apply(score, pair);

        public override void ApplyTile(
            Span<float> scores, int stride, int batch, int head, ReadOnlySpan<int> queries, ReadOnlySpan<int> keys)
        {
            for (int r = 0; r < queries.Length; r++)
            {
                Span<float> row = scores.Slice(r * stride, keys.Length);
                for (int c = 0; queries[r] >= 0 && c < row.Length; c++)
                {
                    if (keys[c] >= 0)
                    {
                        row[c] = _mod.Apply(row[c], new TokenPair(batch, head, queries[r], keys[c]));
                    }
                }
            }
        }

        public override string ToString() => _mod.ToString() ?? typeof(TMod).Name;
    }
}
