using System.Diagnostics.CodeAnalysis;
using Tessera.Attention;
using Tessera.Quantization;

namespace Tessera.Cuda.Execution;

/// <summary>Names the element for which the kernels refused their inputs, as the CPU backend does.</summary>
internal static class NonFiniteElement
{
    // Larger ones round to infinity in binary16.
    private const float Binary16Limit = 65520f;

    /// <summary>Finds it and throws.</summary>
    /// <exception cref="ArgumentException">Always.</exception>
    [DoesNotReturn]
    public static void Throw(in AttentionInputs inputs, AttentionPlan plan)
    {
        // Not turned: the caller looks for the element in the tensor that was passed.
        Search(inputs.Query.WithRotary(null), "query", float.PositiveInfinity, plan);
        Search(inputs.Key.WithRotary(null), "key", float.PositiveInfinity, plan);
        Search(inputs.Value, "value", plan.Recipe.Value.Format == NumberFormat.Float16 ? Binary16Limit : float.PositiveInfinity, plan);
        throw new ArgumentException(
            $"query or key of plan '{plan.Name}' overflows while it is turned or smoothed; scale the tensor down first.", nameof(inputs));
    }

    private static void Search(in InputTensor tensor, string name, float limit, AttentionPlan plan)
    {
        Span<float> row = stackalloc float[tensor.Channels];
        for (int batch = 0; batch < tensor.Batch; batch++)
        {
            for (int head = 0; head < tensor.Heads; head++)
            {
                for (int token = 0; token < tensor.Tokens; token++)
                {
                    tensor.CopyRow(batch, head, token, row);
                    for (int channel = 0; channel < row.Length; channel++)
                    {
                        if (!(Math.Abs(row[channel]) < limit))
                        {
                            throw new ArgumentException(
                                $"{name}[{batch}, {head}, {token}, {channel}] is {row[channel]}, which plan '{plan.Name}' cannot use; "
                                    + "clean or clamp the tensor first.",
                                name);
                        }
                    }
                }
            }
        }
    }
}
