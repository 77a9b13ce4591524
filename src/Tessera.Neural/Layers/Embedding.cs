using Tessera.Serialization;

namespace Tessera.Neural.Layers;

/// <summary>
/// Rows of a table by their numbers, <c>y_i = E[id_i]</c>; the table is kept as stored and only the rows asked for are read. Immutable.
/// </summary>
/// <remarks>Backward, for training to add: <c>dE[id_i] += dy_i</c>.</remarks>
public sealed class Embedding
{
    private readonly StoredTensor _table;

    /// <summary>Makes a layer.</summary>
    /// <param name="table">E [rows, width].</param>
    public Embedding(StoredTensor table)
    {
        ArgumentNullException.ThrowIfNull(table);
        _table = table;
    }

    /// <summary>Rows of the table.</summary>
    public long Rows => _table.Rows;

    /// <summary>Numbers of a row.</summary>
    public int Width => checked((int)_table.RowLength);

    /// <summary>Reads rows.</summary>
    /// <param name="ids">Row numbers.</param>
    /// <param name="output">[ids, width].</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the table.</exception>
    /// <exception cref="ArgumentException">The output has another length.</exception>
    public void Forward(ReadOnlySpan<int> ids, Span<float> output)
    {
        if (output.Length != (long)ids.Length * Width)
        {
            throw new ArgumentException($"The output has {output.Length} numbers; wanted {ids.Length} rows of {Width}.", nameof(output));
        }

        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] < 0 || ids[i] >= Rows)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(ids), ids[i], $"Id {i} is {ids[i]}; the table {_table} has rows 0 to {Rows - 1}.");
            }

            _table.ReadSingle((long)ids[i] * Width, output.Slice(i * Width, Width));
        }
    }
}
