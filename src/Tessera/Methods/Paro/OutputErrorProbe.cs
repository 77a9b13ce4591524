using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Methods.Paro;

/// <summary>
/// Output error of a mask on sampled queries of one head: dense softmax rows are formed for the samples only (samples x N floats), then
/// each mask's output is compared with the dense one.
/// </summary>
internal sealed class OutputErrorProbe
{
    private readonly int[] _queries;
    private readonly float[] _probabilities;
    private readonly float[] _value;
    private readonly float[] _dense;
    private readonly int _keys;
    private readonly int _headDim;

    public OutputErrorProbe(
        in AttentionInputs inputs, TokenGrid grid, int batch, int head, double scale, ReadOnlySpan<float> logSumExp, int samples)
    {
        _keys = inputs.Shape.KeyLength;
        _headDim = inputs.Shape.HeadDim;
        int count = Math.Min(samples, grid.VideoTokens);
        _queries = new int[count];
        _probabilities = new float[checked(count * _keys)];
        _dense = new float[count * _headDim];
        _value = HeadRows.Copy(inputs.Value, batch, head);
        float[] key = HeadRows.Copy(inputs.Key, batch, head);
        float[] scratch = new float[_headDim];
        for (int sample = 0; sample < count; sample++)
        {
            int query = grid.VideoStart + (int)(((2L * sample) + 1) * grid.VideoTokens / (2L * count));
            _queries[sample] = query;
            ReadOnlySpan<float> row = inputs.Query.Row(batch, head, query, scratch);
            Span<float> probability = _probabilities.AsSpan(sample * _keys, _keys);
            Span<float> output = _dense.AsSpan(sample * _headDim, _headDim);
            for (int token = 0; token < _keys; token++)
            {
                probability[token] = (float)Math.Exp(
                    (scale * TensorPrimitives.Dot(row, key.AsSpan(token * _headDim, _headDim))) - logSumExp[query]);
                AddValue(output, probability[token], token);
            }
        }
    }

    /// <summary>Sum over samples of |O_masked - O|^2 over the sum of |O|^2.</summary>
    public double Error(BlockMap map, BlockLattice lattice, TokenOrder order, SoftmaxNormalization normalization)
    {
        double error = 0;
        double power = 0;
        Span<float> output = stackalloc float[_headDim];
        for (int sample = 0; sample < _queries.Length; sample++)
        {
            ReadOnlySpan<float> probability = _probabilities.AsSpan(sample * _keys, _keys);
            int row = order.SlotOf(_queries[sample]) / lattice.Size.Query;
            output.Clear();
            double kept = 0;
            for (int column = 0; column < lattice.KeyBlocks; column++)
            {
                if (!map.Kept[(row * lattice.KeyBlocks) + column])
                {
                    continue;
                }

                for (int slot = column * lattice.Size.Key; slot < Math.Min(lattice.Slots, (column + 1) * lattice.Size.Key); slot++)
                {
                    int token = order.TokenAt(slot);
                    if (token >= 0)
                    {
                        kept += probability[token];
                        AddValue(output, probability[token], token);
                    }
                }
            }

            double factor = normalization == SoftmaxNormalization.WholeRow ? 1 : kept > 0 ? 1 / kept : 0;
            for (int d = 0; d < _headDim; d++)
            {
                double dense = _dense[(sample * _headDim) + d];
                double difference = (output[d] * factor) - dense;
                error += difference * difference;
                power += dense * dense;
            }
        }

        return power > 0 ? error / power : 0;
    }

    private void AddValue(Span<float> output, float weight, int token) =>
        TensorPrimitives.MultiplyAdd(_value.AsSpan(token * _headDim, _headDim), weight, output, output);
}
