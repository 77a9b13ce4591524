namespace Tessera.Masks;

/// <summary>
/// A mask functor closed over its type: partial blocks of a <see cref="BlockMask"/> ask it which pairs they keep, one call per tile.
/// </summary>
public abstract class MaskPredicate
{
    private protected MaskPredicate()
    {
    }

    /// <summary>The functor, boxed: for plan files, never for kernels.</summary>
    internal abstract IMaskMod Mod { get; }

    /// <summary>Wraps a struct functor.</summary>
    public static MaskPredicate Of<TMod>(TMod mod)
        where TMod : struct, IMaskMod => new Closed<TMod>(mod);

    /// <summary>Whether one pair is visible.</summary>
    public abstract bool Allows(TokenPair pair);

    /// <summary>What is known of a rectangle of natural tokens; see <see cref="IMaskMod.Classify"/>.</summary>
    public abstract BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount);

    /// <summary>Writes negative infinity over the hidden scores of a tile. Pairs with padding are hidden too.</summary>
    /// <param name="scores">Scores, row r at <paramref name="stride"/> * r.</param>
    /// <param name="stride">Elements between rows.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="queries">Natural query token of each row, negative for padding.</param>
    /// <param name="keys">Natural key token of each column, negative for padding.</param>
    public abstract void HideTile(Span<float> scores, int stride, int batch, int head, ReadOnlySpan<int> queries, ReadOnlySpan<int> keys);

    /// <summary>
    /// Exact coverage of a tile of pairs, by looking at each until a visible and a hidden one were seen. Pairs with padding do not count;
    /// without any valid pair the tile is empty.
    /// </summary>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="queries">Natural query token of each row, negative for padding.</param>
    /// <param name="keys">Natural key token of each column, negative for padding.</param>
    public abstract BlockCoverage Inspect(int batch, int head, ReadOnlySpan<int> queries, ReadOnlySpan<int> keys);

    private sealed class Closed<TMod>(TMod mod) : MaskPredicate
        where TMod : struct, IMaskMod
    {
        private readonly TMod _mod = mod;

        internal override IMaskMod Mod => _mod;

        public override bool Allows(TokenPair pair) => _mod.Allows(pair);

        public override BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount) =>
            _mod.Classify(head, queryStart, queryCount, keyStart, keyCount);

        public override void HideTile(
            Span<float> scores, int stride, int batch, int head, ReadOnlySpan<int> queries, ReadOnlySpan<int> keys)
        {
            for (int r = 0; r < queries.Length; r++)
            {
                Span<float> row = scores.Slice(r * stride, keys.Length);
                for (int c = 0; c < row.Length; c++)
                {
                    if (queries[r] < 0 || keys[c] < 0 || !_mod.Allows(new TokenPair(batch, head, queries[r], keys[c])))
                    {
                        row[c] = float.NegativeInfinity;
                    }
                }
            }
        }

        public override BlockCoverage Inspect(int batch, int head, ReadOnlySpan<int> queries, ReadOnlySpan<int> keys)
        {
            bool visible = false;
            bool hidden = false;
            foreach (int query in queries)
            {
                for (int c = 0; query >= 0 && c < keys.Length; c++)
                {
                    if (keys[c] < 0)
                    {
                        continue;
                    }

                    if (_mod.Allows(new TokenPair(batch, head, query, keys[c])))
                    {
                        visible = true;
                    }
                    else
                    {
                        hidden = true;
                    }

                    if (visible && hidden)
                    {
                        return BlockCoverage.Partial;
                    }
                }
            }

            return visible ? BlockCoverage.Full : BlockCoverage.Empty;
        }

        public override string ToString() => _mod.ToString() ?? typeof(TMod).Name;
    }
}
