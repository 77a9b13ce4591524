using System.Numerics.Tensors;

namespace Tessera.Neural.Layers;

/// <summary>The softmax of a row, <c>exp(x - max) / sum exp(x - max)</c>, which no size of the scores can overflow.</summary>
/// <remarks>Backward, for training to add: <c>dx = y (dy - sum(dy y))</c>.</remarks>
public static class StableSoftmax
{
    /// <summary>Replaces scores by probabilities.</summary>
    /// <param name="row">Scores in, probabilities out; empty rows stay empty.</param>
    public static void Forward(Span<float> row)
    {
        if (row.Length == 0)
        {
            return;
        }

        TensorPrimitives.Subtract(row, TensorPrimitives.Max<float>(row), row);
        TensorPrimitives.Exp<float>(row, row);
        TensorPrimitives.Multiply(row, 1 / TensorPrimitives.Sum<float>(row), row);
    }
}
