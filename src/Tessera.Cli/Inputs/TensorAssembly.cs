using Tessera.Attention;

namespace Tessera.Cli.Inputs;

/// <summary>Makes one attention input of three tensors, or says what is wrong with them.</summary>
internal static class TensorAssembly
{
    /// <summary>Checks a shape before its data is read.</summary>
    /// <exception cref="CommandException">It is not [H, L, D] or [B, H, L, D] of a size that can be run.</exception>
    public static int[] RequireShape(string name, IReadOnlyList<long> shape, string source)
    {
        if (shape.Count is not (3 or 4) || shape.Any(static extent => extent is < 1 or > int.MaxValue))
        {
            throw CommandException.BadInput(
                $"tensor '{name}' in {source} has shape [{string.Join(", ", shape)}]; wanted [heads, tokens, channels] or [batch, heads, "
                + "tokens, channels].");
        }

        if (shape[^1] > AttentionShape.MaximumHeadDim)
        {
            throw CommandException.BadInput(
                $"tensor '{name}' in {source} has {shape[^1]} channels a head; at most {AttentionShape.MaximumHeadDim} are supported (is "
                + "it [tokens, heads * channels]?).");
        }

        return [.. shape.Select(static extent => (int)extent)];
    }

    /// <summary>Puts three tensors together.</summary>
    /// <exception cref="CommandException">They do not fit each other or hold a number that is not finite.</exception>
    public static HeadTensors Assemble(string source, NamedTensor query, NamedTensor key, NamedTensor value)
    {
        if (!query.Shape.SequenceEqual(key.Shape) || !key.Shape.SequenceEqual(value.Shape))
        {
            throw CommandException.BadInput(
                $"{query}, {key} and {value} in {source} differ; a token grid describes all three, so they need one shape.");
        }

        foreach (NamedTensor tensor in (NamedTensor[])[query, key, value])
        {
            TensorChecks.RequireFinite(tensor.Name, tensor.Values, tensor.Shape, source);
        }

        int rank = query.Shape.Length;
        int batch = rank == 4 ? query.Shape[0] : 1;
        AttentionShape shape = new(batch, query.Shape[^3], query.Shape[^2], query.Shape[^2], query.Shape[^1]);
        return new HeadTensors(source, shape, rank, query.Values, key.Values, value.Values);
    }
}
