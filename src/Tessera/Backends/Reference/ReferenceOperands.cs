using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Backends.Reference;

/// <summary>
/// Q, K and V of one head in storage order, as the recipe sees them: ordered, smoothed, rotated, quantised and read back, in double.
/// </summary>
internal sealed class ReferenceOperands
{
    private readonly TokenOrder? _order;
    private readonly int _headDim;
    private readonly double[] _query;
    private readonly double[] _key;
    private readonly double[] _value;
    private readonly double[] _rowConstant;
    private readonly double[] _valueMean;

    public ReferenceOperands(AttentionPlan plan, in AttentionInputs inputs, int batch, int head)
    {
        _order = plan.OrderOf(head);
        _headDim = plan.Shape.HeadDim;
        _query = Gather(inputs.Query, batch, head, plan.Mask.QuerySlots);
        _key = Gather(inputs.Key, batch, head, plan.Mask.KeySlots);
        _value = Gather(inputs.Value, batch, head, plan.Mask.KeySlots);
        _rowConstant = new double[plan.Mask.QuerySlots];
        _valueMean = new double[_headDim];
        if (!plan.Recipe.IsExact)
        {
            throw new NotSupportedException($"{plan.Recipe}");
        }
    }

    /// <summary>Natural token of a query slot, negative for padding.</summary>
    public int QueryToken(int slot) => _order?.TokenAt(slot) ?? slot;

    /// <summary>Natural token of a key slot, negative for padding.</summary>
    public int KeyToken(int slot) => _order?.TokenAt(slot) ?? slot;

    /// <summary>q . k of two slots as the recipe computes it, before the softmax scale.</summary>
    public double Dot(int querySlot, int keySlot)
    {
        double sum = 0;
        for (int d = 0; d < _headDim; d++)
        {
            sum += _query[(querySlot * (long)_headDim) + d] * _key[(keySlot * (long)_headDim) + d];
        }

        return sum;
    }

    /// <summary>What key smoothing took from every score of a row, in natural units; zero without smoothing.</summary>
    public double RowConstant(int querySlot) => _rowConstant[querySlot];

    /// <summary>One value channel.</summary>
    public double Value(int keySlot, int channel) => _value[(keySlot * (long)_headDim) + channel];

    /// <summary>What value smoothing took from a channel; zero without smoothing.</summary>
    public double ValueMean(int channel) => _valueMean[channel];

    private double[] Gather(System.Numerics.Tensors.ReadOnlyTensorSpan<float> tensor, int batch, int head, int slots)
    {
        double[] rows = new double[(long)slots * _headDim];
        for (int slot = 0; slot < slots; slot++)
        {
            int token = _order?.TokenAt(slot) ?? slot;
            for (int d = 0; token >= 0 && d < _headDim; d++)
            {
                rows[(slot * (long)_headDim) + d] = tensor[batch, head, token, d];
            }
        }

        return rows;
    }
}
