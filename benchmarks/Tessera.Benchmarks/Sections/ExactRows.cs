using Tessera.Attention;
using Tessera.Cli.Inputs;
using Tessera.Fidelity;
using Tessera.TestKit;

namespace Tessera.Benchmarks.Sections;

/// <summary>Rows of dense attention in double precision, drawn evenly from every head: the truth that outputs are compared with.</summary>
internal sealed class ExactRows
{
    private readonly HeadTensors _tensors;
    private readonly int[] _rows;
    private readonly double[] _exact;

    /// <summary>Computes the rows on all cores.</summary>
    /// <param name="tensors">Inputs, one batch.</param>
    /// <param name="rowsPerHead">Rows of each head.</param>
    /// <param name="cancellationToken">Polled between rows.</param>
    public ExactRows(HeadTensors tensors, int rowsPerHead, CancellationToken cancellationToken)
    {
        _tensors = tensors;
        AttentionShape shape = tensors.Shape;
        AttentionPlan dense = AttentionPlan.Dense(shape);
        int step = shape.QueryLength / rowsPerHead;
        _rows =
        [
            .. Enumerable.Range(0, shape.Heads * rowsPerHead)
                .Select(i => (i / rowsPerHead * shape.QueryLength) + (i % rowsPerHead * step) + (i % step)),
        ];
        _exact = new double[_rows.Length * shape.HeadDim];
        Parallel.For(0, _rows.Length, new ParallelOptions { CancellationToken = cancellationToken }, i =>
        {
            (int head, int query) = Math.DivRem(_rows[i], shape.QueryLength);
            _ = RowOracle.Row<double>(dense, tensors.Inputs, 0, head, query, _exact.AsSpan(i * shape.HeadDim, shape.HeadDim));
        });
    }

    /// <summary>How far an output is from the truth at these rows.</summary>
    public AttentionError Compare(float[] output)
    {
        int headDim = _tensors.Shape.HeadDim;
        float[] actual = new float[_exact.Length];
        for (int i = 0; i < _rows.Length; i++)
        {
            output.AsSpan(_rows[i] * headDim, headDim).CopyTo(actual.AsSpan(i * headDim));
        }

        return AttentionError.Compare((ReadOnlySpan<double>)_exact, actual);
    }
}
