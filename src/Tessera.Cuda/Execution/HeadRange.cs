using Tessera.Attention;
using Tessera.Cuda.Launch.Parameters;

namespace Tessera.Cuda.Execution;

/// <summary>
/// Whole sequences whose heads one launch takes: heads run along the second axis of the grid, which ends at 65535. Buffers of all heads are
/// entered behind those of the ranges before.
/// </summary>
/// <param name="FirstSequence">First sequence.</param>
/// <param name="SequenceHeads">Heads of a sequence.</param>
/// <param name="Heads">Heads of the range.</param>
internal readonly record struct HeadRange(int FirstSequence, int SequenceHeads, int Heads)
{
    /// <summary>First head, counted over all sequences.</summary>
    public long First => (long)FirstSequence * SequenceHeads;

    /// <summary>Ranges of a shape, in ascending order.</summary>
    /// <param name="shape">Sizes; the heads of one sequence fit a launch.</param>
    /// <param name="largest">Heads that a launch takes.</param>
    public static HeadRange[] Of(AttentionShape shape, int largest)
    {
        int sequences = Math.Max(1, largest / shape.Heads);
        List<HeadRange> ranges = [];
        for (int first = 0; first < shape.Batch; first += sequences)
        {
            ranges.Add(new HeadRange(first, shape.Heads, Math.Min(sequences, shape.Batch - first) * shape.Heads));
        }

        return [.. ranges];
    }

    /// <summary>Address of the range in a buffer; 0 stays 0.</summary>
    /// <param name="buffer">First byte.</param>
    /// <param name="headBytes">Bytes of a head.</param>
    public ulong In(ulong buffer, long headBytes) => buffer == 0 ? 0 : buffer + (ulong)(First * headBytes);

    /// <summary>Rows of the range.</summary>
    public RowsParameters In(in RowsParameters rows)
    {
        int bytes = rows.Format == TensorFormat.Float32 ? sizeof(float) : sizeof(ushort);
        return rows with
        {
            Source = unchecked(rows.Source + (ulong)(FirstSequence * rows.BatchStride * bytes)),
            Mean = In(rows.Mean, (long)rows.Channels * sizeof(float)),
        };
    }
}
