using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Launch.Parameters;
using Tessera.Quantization;
using Tessera.TestKit;

namespace Tessera.Cuda.Kernels.Tests;

/// <summary>A plan run by kernels on an emulated device, from inputs to output, without the backend.</summary>
internal static class KernelAttention
{
    /// <summary>Output [B, H, Lq, D] and log-sum-exp [B, H, Lq].</summary>
    public static (float[] Output, float[] LogSumExp) Run(
        EmulatedDevice device, AttentionPlan plan, SeededInputs inputs, RotaryEmbedding? rotary = null, int rows = 64,
        bool heaviestFirst = false, long headStride = 0)
    {
        AttentionShape shape = plan.Shape;
        QuantizationRecipe recipe = plan.Recipe;
        using DeviceData data = new(device);
        KernelOperands operands = new(data, shape, plan.Orders, plan.Grid) { Rotary = rotary };
        RowsParameters queries = Source(inputs.Query, shape.QueryLength, turned: true);
        RowsParameters keys = Source(inputs.Key, shape.KeyLength, turned: true);
        RowsParameters values = Source(inputs.Value, shape.KeyLength, turned: false);
        ulong keyMean = recipe.SmoothKey ? operands.Means(keys) : 0;
        keys.Mean = keyMean;
        (ulong Codes, ulong Scales, ulong Constants) query =
            operands.Quantize(queries, recipe.Query, AttentionOperand.Query, keyMean, (float)plan.EffectiveScale);
        (ulong Codes, ulong Scales, ulong Constants) key = operands.Quantize(keys, recipe.Key, AttentionOperand.Key);
        (ulong Codes, ulong Scales, int Groups) value = operands.QuantizeValues(values, recipe.Value);

        AttendInstance kernel = Choose(plan, operands.PaddedChannels, rows);
        int tiles = KernelOperands.Ceiling(queries.Slots, rows);
        long outputs = (long)operands.Pairs * shape.QueryLength;
        KernelLists lists = new(data, plan);
        AttendParameters parameters = new()
        {
            Queries = query.Codes,
            Keys = key.Codes,
            Values = value.Codes,
            QueryScales = query.Scales,
            KeyScales = key.Scales,
            ValueScales = value.Scales,
            Order = operands.Order,
            Schedule = heaviestFirst ? data.Put<int>(lists.HeaviestFirst(tiles, rows)) : 0,
            Output = headStride == 0 ? data.Poisoned<float>(outputs * shape.HeadDim) : data.Poisoned<float>(shape.Heads * headStride),
            OutputBatchStride = (long)shape.Heads * shape.QueryLength * shape.HeadDim,
            OutputHeadStride = headStride == 0 ? (long)shape.QueryLength * shape.HeadDim : headStride,
            OutputTokenStride = shape.HeadDim,
            LogSumExp = data.Poisoned<float>(outputs),
            RowConstants = query.Constants,
            OutputFormat = TensorFormat.Float32,
            Heads = shape.Heads,
            OrderHeads = operands.OrderHeads,
            QuerySlots = queries.Slots,
            QueryPaddedSlots = queries.PaddedSlots,
            QueryTokens = shape.QueryLength,
            QueryTiles = tiles,
            KeySlots = keys.Slots,
            KeyPaddedSlots = keys.PaddedSlots,
            KeyBlocks = KernelOperands.Ceiling(keys.Slots, KernelCatalogue.KeySlots),
            Channels = shape.HeadDim,
            ValueGroups = value.Groups,
            ValueGroupBlocks = recipe.Value.Group / KernelCatalogue.KeySlots,
            TileReference = recipe.Probability.Reference == ProbabilityReference.TileRowMaximum ? 1 : 0,
            ScoreScale = (float)(plan.EffectiveScale * Math.Log2(Math.E)),
            CodeOfOne = recipe.Probability.CodeOfOne,
        };
        lists.Apply(ref parameters);
        operands.Launch(kernel.Name, operands.Pairs * tiles, 1, parameters);
        float[] logSumExp = data.Get<float>(parameters.LogSumExp, outputs);
        if (headStride == 0)
        {
            return (data.Get<float>(parameters.Output, outputs * shape.HeadDim), logSumExp);
        }

        int headSize = shape.QueryLength * shape.HeadDim;
        return ([.. Enumerable.Range(0, shape.Heads).SelectMany(head => data.Get<float>(Far(parameters.Output, head), headSize))], logSumExp);

        ulong Far(ulong address, int head) => address + (ulong)(head * headStride * sizeof(float));

        // Heads far apart, when asked for: the tensor is reserved and only its rows are touched.
        RowsParameters Source(float[] values, int tokens, bool turned)
        {
            if (headStride == 0)
            {
                return operands.Rows(data.Put<float>(values), tokens, turned);
            }

            RowsParameters rows = operands.Rows(data.Poisoned<float>(shape.Heads * headStride), tokens, turned) with { HeadStride = headStride };
            int size = tokens * shape.HeadDim;
            for (int head = 0; head < shape.Heads; head++)
            {
                device.CopyToDevice<float>(new DevicePointer(Far(rows.Source, head)), values.AsSpan(head * size, size));
            }

            return rows;
        }
    }

    /// <summary>The instantiation that a recipe needs.</summary>
    public static AttendInstance Choose(AttentionPlan plan, int channels, int rows)
    {
        QuantizationRecipe recipe = plan.Recipe;
        NumberFormat operands = recipe.Query.Format.IsInteger() ? NumberFormat.Int8 : recipe.Query.Format;
        bool wholeBlocks = recipe.Key.Granularity == QuantizationGranularity.PerBlock && recipe.Key.Group % KernelCatalogue.KeySlots == 0;
        return new AttendInstance(
            operands, channels, rows,
            IsFine: operands != NumberFormat.BFloat16 && (!wholeBlocks || recipe.Value.Group > 0),
            HasQuantizedSum: recipe.Probability.Denominator == SoftmaxDenominator.Quantized,
            Truncates: recipe.Probability.Rounding == CodeRounding.TowardZero)
        {
            Values = recipe.Value.Format.IsInteger() ? NumberFormat.Int8 : recipe.Value.Format,
        };
    }
}
