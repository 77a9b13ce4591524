using Tessera.Attention;
using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Backends.Reference;

/// <summary>
/// Q, K and V of one head in storage order, as the recipe sees them: gathered, turned by position, smoothed, transformed, quantised and
/// read back in double. The order of the steps is part of the meaning: Q and K are turned and rounded to binary32, means are taken off,
/// the Hadamard transform follows, and scales are taken last.
/// </summary>
internal sealed class ReferenceOperands
{
    private readonly TokenOrder? _order;
    private readonly int _headDim;
    private readonly int _queryBlock;
    private readonly Operand _query;
    private readonly Operand _key;
    private readonly Operand _value;
    private readonly float[]? _smoothKey;
    private readonly float[]? _queryMeans;
    private readonly double[] _rowConstant;
    private readonly float[] _valueMean;

    public ReferenceOperands(AttentionPlan plan, in AttentionInputs inputs, int batch, int head)
    {
        _order = plan.OrderOf(head);
        _headDim = plan.Shape.HeadDim;
        _queryBlock = plan.Mask.Size.Query;
        QuantizationRecipe recipe = plan.Recipe;
        float[] query = Gather(inputs.Query.WithRotary(null), inputs.Rotary, _order, batch, head, plan.Mask.QuerySlots);
        float[] key = Gather(inputs.Key.WithRotary(null), inputs.Rotary, _order, batch, head, plan.Mask.KeySlots);
        float[] value = Gather(inputs.Value, null, _order, batch, head, plan.Mask.KeySlots);

        _rowConstant = new double[plan.Mask.QuerySlots];
        if (recipe.SmoothKey)
        {
            float[] mean = new float[_headDim];
            KeySmoothing.Mean(key, _headDim, _order, mean);
            KeySmoothing.Subtract(key, _headDim, _order, mean);
            for (int slot = 0; slot < _rowConstant.Length; slot++)
            {
                _rowConstant[slot] = KeySmoothing.LogSumExpCorrection(query.AsSpan(slot * _headDim, _headDim), mean, plan.EffectiveScale);
            }
        }

        if (recipe.SmoothQuery)
        {
            _smoothKey = [.. key];
            _queryMeans = new float[plan.Mask.QueryBlocks * _headDim];
            QuerySmoothing.Means(query, _headDim, _queryBlock, _order, _queryMeans);
            QuerySmoothing.Subtract(query, _headDim, _queryBlock, _order, _queryMeans);
        }

        _valueMean = new float[_headDim];
        if (recipe.SmoothValue)
        {
            ValueSmoothing.Mean(value, _headDim, _order, _valueMean);
            ValueSmoothing.Subtract(value, _headDim, _order, _valueMean);
        }

        _query = Quantized(query, recipe.Query, AttentionOperand.Query, plan, inputs, recipe.Hadamard);
        _key = Quantized(key, recipe.Key, AttentionOperand.Key, plan, inputs, recipe.Hadamard);
        _value = Quantized(value, recipe.Value, AttentionOperand.Value, plan, inputs, false);
    }

    /// <summary>Natural token of a query slot, negative for padding.</summary>
    public int QueryToken(int slot) => _order?.TokenAt(slot) ?? slot;

    /// <summary>Natural token of a key slot, negative for padding.</summary>
    public int KeyToken(int slot) => _order?.TokenAt(slot) ?? slot;

    /// <summary>q . k of two slots as the recipe computes it, before the softmax scale.</summary>
    public double Dot(int querySlot, int keySlot)
    {
        double sum = 0;
        for (int channel = 0; channel < _query.Channels; channel++)
        {
            sum += _query[querySlot, channel] * _key[keySlot, channel];
        }

        for (int channel = 0; _smoothKey is not null && channel < _headDim; channel++)
        {
            sum += (double)_queryMeans![(querySlot / _queryBlock * _headDim) + channel] * _smoothKey[(keySlot * _headDim) + channel];
        }

        return sum;
    }

    /// <summary>What key smoothing took from every score of a row, in natural units; zero without smoothing.</summary>
    public double RowConstant(int querySlot) => _rowConstant[querySlot];

    /// <summary>One value channel.</summary>
    public double Value(int keySlot, int channel) => _value[keySlot, channel];

    /// <summary>What value smoothing took from a channel; zero without smoothing.</summary>
    public double ValueMean(int channel) => _valueMean[channel];

    private static float[] Gather(in InputTensor tensor, RotaryEmbedding? rotary, TokenOrder? order, int batch, int head, int slots)
    {
        int channels = tensor.Channels;
        float[] rows = new float[checked(slots * channels)];
        for (int slot = 0; slot < slots; slot++)
        {
            int token = order?.TokenAt(slot) ?? slot;
            for (int channel = 0; token >= 0 && channel < channels; channel++)
            {
                rows[(slot * channels) + channel] = rotary is null
                    ? tensor[batch, head, token, channel]
                    : Turned(tensor, rotary, batch, head, token, channel);
            }
        }

        return rows;
    }

    /// <summary>One channel of a row that a rotary embedding turns, in double from angle to product, rounded once.</summary>
    private static float Turned(in InputTensor tensor, RotaryEmbedding rotary, int batch, int head, int token, int channel)
    {
        (double sine, double cosine) = Math.SinCos(rotary.Angle(token, channel / 2));
        double even = tensor[batch, head, token, channel & ~1];
        double odd = tensor[batch, head, token, channel | 1];
        return (float)(channel % 2 == 0 ? (even * cosine) - (odd * sine) : (even * sine) + (odd * cosine));
    }

    private Operand Quantized(
        float[] rows, OperandFormat format, AttentionOperand operand, AttentionPlan plan, in AttentionInputs inputs, bool hadamard)
    {
        int channels = _headDim;
        if (hadamard)
        {
            channels = HadamardTransform.PaddedChannels(_headDim);
            float[] rotated = new float[rows.Length / _headDim * channels];
            HadamardTransform.Apply(rows, _headDim, rotated);
            rows = rotated;
        }

        double[] values = new double[rows.Length];
        if (format.Format == NumberFormat.Float32)
        {
            for (int i = 0; i < rows.Length; i++)
            {
                values[i] = rows[i];
            }
        }
        else
        {
            ScaleGroups groups = ScaleGroups.Create(format, operand, rows.Length / channels, channels, _order, plan.Grid);
            float tensorMaximum = format.Granularity == QuantizationGranularity.PerTensor ? TensorMaximum(operand, plan, inputs) : 0;
            Quantizer.Quantize(rows, groups, tensorMaximum).Dequantize(values);
        }

        return new Operand(values, channels);
    }

    /// <summary>
    /// Absolute maximum over all batches and heads, each prepared as this one is: what one scale for the whole tensor needs.
    /// </summary>
    private static float TensorMaximum(AttentionOperand operand, AttentionPlan plan, in AttentionInputs inputs)
    {
        AttentionPlan unscaled = plan with
        {
            Recipe = plan.Recipe with { Query = OperandFormat.Float32, Key = OperandFormat.Float32, Value = OperandFormat.Float32 },
        };
        double maximum = 0;
        for (int batch = 0; batch < plan.Shape.Batch; batch++)
        {
            for (int head = 0; head < plan.Shape.Heads; head++)
            {
                ReferenceOperands prepared = new(unscaled, inputs, batch, head);
                Operand rows = operand switch
                {
                    AttentionOperand.Query => prepared._query,
                    AttentionOperand.Key => prepared._key,
                    _ => prepared._value,
                };
                maximum = Math.Max(maximum, rows.AbsoluteMaximum());
            }
        }

        return (float)maximum;
    }

    /// <summary>Rows of channels in double.</summary>
    private readonly record struct Operand(double[] Values, int Channels)
    {
        public double this[int slot, int channel] => Values[(slot * Channels) + channel];

        public double AbsoluteMaximum() => Values.Length == 0 ? 0 : Values.Max(Math.Abs);
    }
}
