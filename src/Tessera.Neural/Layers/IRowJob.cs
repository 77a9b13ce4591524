namespace Tessera.Neural.Layers;

/// <summary>Work on rows that do not depend on each other. A struct, so that <see cref="RowScheduler"/> specialises on it.</summary>
public interface IRowJob
{
    /// <summary>Does some rows; other threads do others at the same time.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Rows, at least 1.</param>
    void Execute(int first, int count);
}
