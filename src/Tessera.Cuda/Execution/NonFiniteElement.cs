using System.Diagnostics.CodeAnalysis;
using Tessera.Attention;

namespace Tessera.Cuda.Execution;

/// <summary>Names the element for which the kernels refused their inputs, as the CPU backend does.</summary>
internal static class NonFiniteElement
{
    /// <summary>Finds it and throws.</summary>
    /// <exception cref="ArgumentException">Always.</exception>
    [DoesNotReturn]
    public static void Throw(in AttentionInputs inputs, AttentionPlan plan)
    {
        // Not turned: the caller looks for the element in the tensor that was passed.
        Search(inputs.Query.WithRotary(null), "query", plan);
        Search(inputs.Key.WithRotary(null), "key", plan);
        Search(inputs.Value, "value", plan);
        throw new ArgumentException(
            $"query or key of plan '{plan.Name}' overflows while it is turned or smoothed; scale the tensor down first.", nameof(inputs));
    }

    private static void Search(in InputTensor tensor, string name, AttentionPlan plan)
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
                        if (!float.IsFinite(row[channel]))
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
