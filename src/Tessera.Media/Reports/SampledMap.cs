namespace Tessera.Media.Reports;

/// <summary>A small picture of one head's softmax map: a few query rows in full precision, their key columns pooled into bins.</summary>
public sealed class SampledMap
{
    internal SampledMap(string order, int[] querySlots, int keySlots, int columns)
    {
        Order = order;
        QuerySlots = querySlots;
        KeySlots = keySlots;
        Columns = columns;
        Mass = new float[querySlots.Length * columns];
    }

    /// <summary>Name of the token order of rows and columns.</summary>
    public string Order { get; }

    /// <summary>Storage slot of each sampled row, ascending.</summary>
    public IReadOnlyList<int> QuerySlots { get; }

    /// <summary>Key slots of the whole map, padding included.</summary>
    public int KeySlots { get; }

    /// <summary>Sampled rows.</summary>
    public int Rows => QuerySlots.Count;

    /// <summary>Bins of key columns; bin b holds the slots from b * KeySlots / Columns to (b + 1) * KeySlots / Columns.</summary>
    public int Columns { get; }

    /// <summary>Softmax mass of each bin, row-major [Rows, Columns]; each row sums to 1.</summary>
    public float[] Mass { get; }

    /// <summary>First slot of a bin.</summary>
    public int BinStart(int bin) => (int)((long)bin * KeySlots / Columns);
}
