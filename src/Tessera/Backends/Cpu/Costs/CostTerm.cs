namespace Tessera.Backends.Cpu.Costs;

/// <summary>
/// What a plan's work is counted in. A constant of the cost model is the thread-seconds of one unit; docs/design/cost-model.md has the
/// formula.
/// </summary>
internal enum CostTerm
{
    /// <summary>One tile of query rows.</summary>
    Tile = 0,

    /// <summary>A query row of a tile.</summary>
    Row,

    /// <summary>A channel of a query row, in Q and in the output.</summary>
    RowChannel,

    /// <summary>A multiply-add lane of QK: row x key x step.</summary>
    ScoreProduct,

    /// <summary>A score: row x key.</summary>
    Score,

    /// <summary>A row of a key block.</summary>
    RowBlock,

    /// <summary>A row of a chunk of key blocks.</summary>
    RowChunk,

    /// <summary>A multiply-add lane of PV: row x step x column.</summary>
    OutputProduct,

    /// <summary>An accumulator of PV that is read and written: row x column of a chunk (floats) or of a segment (codes).</summary>
    OutputFlush,

    /// <summary>A score of a chunk that is masked, modified or cut, which takes passes of its own.</summary>
    SpecialScore,

    /// <summary>A score of the pass over all keys that whole-row sums need.</summary>
    WholeRowScore,

    /// <summary>A channel of a key in the rank-1 term of query smoothing.</summary>
    KeyDot,

    /// <summary>The same for a key that stands elsewhere in natural order and beyond the second-level cache.</summary>
    KeyDotGather,

    /// <summary>A byte of packed K and V that comes from the third-level cache.</summary>
    CacheByte,

    /// <summary>A byte of packed K and V that comes from memory.</summary>
    MemoryByte,

    /// <summary>A byte of Q or of the output that comes from or goes to memory rather than a cache.</summary>
    RowMemory,

    /// <summary>Such a byte when the row stands elsewhere in natural order.</summary>
    RowGather,

    /// <summary>A group of heads, before anything is packed.</summary>
    PackStart,

    /// <summary>A slot of K and V that is packed.</summary>
    PackSlot,

    /// <summary>A channel of such a slot.</summary>
    PackChannel,

    /// <summary>A channel of such a slot that stands elsewhere in natural order.</summary>
    PackGather,

    /// <summary>A byte of K and V that packing reads from memory rather than from a cache.</summary>
    PackMemory,

    /// <summary>Such a byte when the row stands elsewhere in natural order.</summary>
    PackMemoryGather,

    /// <summary>A channel of a row in the pass before packing that finds scales of groups of rows.</summary>
    RowScale,

    /// <summary>The same for scales of groups of rows in one channel.</summary>
    ColumnScale,

    /// <summary>A pair that the predicate of a partial block decides.</summary>
    PredicatePair,

    /// <summary>A score that a score functor changes.</summary>
    ModifierPair,
}
