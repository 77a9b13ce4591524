using Tessera.Neural.Products;
using Tessera.Serialization;

namespace Tessera.Neural.Layers;

/// <summary>
/// A linear layer, <c>y = x W^T + b</c>, W [outputs, inputs] kept as stored. Reference: the same sums in binary64, see its tests.
/// Immutable.
/// </summary>
/// <remarks>Backward, for training to add: <c>dx = dy W</c>, <c>dW = dy^T x</c>, <c>db</c> = the column sums of dy.</remarks>
public sealed class Linear
{
    private readonly float[] _bias;

    /// <summary>Makes a layer.</summary>
    /// <param name="weight">W; its first extent is the outputs, all others together the inputs.</param>
    /// <param name="bias">b [outputs], or null for none.</param>
    /// <exception cref="ArgumentException">The bias has another length.</exception>
    public Linear(StoredTensor weight, StoredTensor? bias = null)
    {
        ArgumentNullException.ThrowIfNull(weight);
        Weight = weight;
        Inputs = checked((int)weight.RowLength);
        Outputs = checked((int)weight.Rows);
        _bias = bias?.ReadSingle() ?? [];
        if (bias is not null && _bias.Length != Outputs)
        {
            throw new ArgumentException($"The bias {bias} does not fit the weight {weight}; wanted {Outputs} numbers.", nameof(bias));
        }
    }

    /// <summary>W as stored.</summary>
    public StoredTensor Weight { get; }

    /// <summary>What activations and weights are rounded to before they are multiplied.</summary>
    public ProductPrecision Precision { get; init; }

    /// <summary>Numbers of an input row.</summary>
    public int Inputs { get; }

    /// <summary>Numbers of an output row.</summary>
    public int Outputs { get; }

    /// <summary>Applies the layer to rows.</summary>
    /// <param name="input">x [rows, inputs].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="output">y [rows, outputs]; must not overlap the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Forward(ReadOnlySpan<float> input, int rows, Span<float> output, int threads = 0) =>
        Forward(input, rows, default(Activated<NoActivation>), output, threads);

    /// <summary>Applies the layer to rows and finishes each number before it leaves the cache.</summary>
    /// <param name="input">x [rows, inputs].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="epilogue">What happens to a sum, bias included: an activation, a residual, a gate.</param>
    /// <param name="output">y [rows, outputs]; must not overlap the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <param name="strides">Floats from row to row where rows are parts of wider ones.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Forward<TEpilogue>(
        ReadOnlySpan<float> input, int rows, TEpilogue epilogue, Span<float> output, int threads = 0, RowStrides strides = default)
        where TEpilogue : struct, IEpilogue, allows ref struct =>
        MatrixProduct.Multiply(input, rows, Weight, _bias, epilogue, output, threads, strides, Precision);
}
