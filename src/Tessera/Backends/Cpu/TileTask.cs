namespace Tessera.Backends.Cpu;

/// <summary>One tile of query rows: neighbouring query blocks with equal lists, one block, or a part of a tall one.</summary>
/// <param name="QueryBlock">Query block whose lists the tile follows.</param>
/// <param name="FirstSlot">First query slot.</param>
/// <param name="Rows">Query slots.</param>
/// <param name="KeptBlocks">Key blocks it visits.</param>
internal readonly record struct TileTask(int QueryBlock, int FirstSlot, int Rows, int KeptBlocks)
{
    /// <summary>Work in units of row times key block.</summary>
    public long Cost => (long)Rows * KeptBlocks;
}
