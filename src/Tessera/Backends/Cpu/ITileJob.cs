namespace Tessera.Backends.Cpu;

/// <summary>
/// Work that splits into independent items. A struct, so that the scheduler specialises on it; items write disjoint memory.
/// </summary>
internal interface ITileJob
{
    /// <summary>Does one item.</summary>
    /// <param name="item">Item index.</param>
    /// <param name="worker">Index of the executing worker, for its scratch memory; at most one item runs per worker at a time.</param>
    void Execute(int item, int worker);
}
