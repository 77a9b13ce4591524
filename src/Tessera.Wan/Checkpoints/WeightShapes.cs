using System.Globalization;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;

namespace Tessera.Wan.Checkpoints;

/// <summary>Sizes of a model read off its weights.</summary>
internal sealed class WeightShapes(Checkpoint weights)
{
    /// <summary>One extent of a tensor.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor or extent, or it is out of bounds.</exception>
    public int Extent(string name, int axis)
    {
        TensorDescription tensor = weights.Describe(name);
        return axis < tensor.Shape.Count && tensor.Shape[axis] is > 0 and <= 1 << 24
            ? (int)tensor.Shape[axis]
            : throw new CheckpointFormatException($"{weights.Source}: tensor {tensor} has no usable extent {axis}.");
    }

    /// <summary>One more than the highest number that follows a prefix, as in <c>blocks.29.</c>.</summary>
    /// <exception cref="CheckpointFormatException">There is none, or it is out of bounds.</exception>
    public int CountBlocks(string prefix)
    {
        int count = 0;
        foreach (string name in weights.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            string[] parts = name[prefix.Length..].Split('.', 2);
            if (parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            {
                count = Math.Max(count, index == int.MaxValue ? index : index + 1);
            }
        }

        return count is > 0 and <= WanTransformerConfig.MaximumLayers
            ? count
            : throw new CheckpointFormatException($"{weights.Source}: the weights show {count} blocks '{prefix}N'.");
    }
}
