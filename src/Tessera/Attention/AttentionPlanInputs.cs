using System.Numerics.Tensors;

namespace Tessera.Attention;

/// <summary>The check every kernel makes at its door.</summary>
internal static class AttentionPlanInputs
{
    /// <summary>Checks that tensors have the shape a plan was made for.</summary>
    /// <exception cref="ArgumentException">They do not; the message names both shapes.</exception>
    public static void RequireFits(
        this AttentionPlan plan, in AttentionInputs inputs, TensorSpan<float> output, ReadOnlySpan<float> logSumExp)
    {
        AttentionShape shape = plan.Shape;
        if (inputs.Shape != shape)
        {
            throw new ArgumentException(
                $"Plan '{plan.Name}' was made for {shape}, the inputs are {inputs.Shape}; plan again for this shape.", nameof(inputs));
        }

        ReadOnlySpan<nint> wanted = [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim];
        if (output.Rank != 4 || !output.Lengths.SequenceEqual(wanted) || (shape.HeadDim > 1 && output.Strides[3] != 1))
        {
            throw new ArgumentException(
                $"output is [{string.Join(", ", output.Lengths.ToArray())}] with channel stride {output.Strides[^1]}; "
                    + $"wanted {shape} with contiguous channels.",
                nameof(output));
        }

        long rows = (long)shape.Batch * shape.Heads * shape.QueryLength;
        if (!logSumExp.IsEmpty && logSumExp.Length != rows)
        {
            throw new ArgumentException(
                $"logSumExp holds {logSumExp.Length} values; wanted {rows} (batch x heads x queries) or none.", nameof(logSumExp));
        }
    }
}
