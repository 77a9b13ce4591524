using Tessera.Neural.Convolutions;
using Tessera.Serialization;

namespace Tessera.Wan.Autoencoder;

/// <summary>Convolutions that make some of the output channels of a larger one, so that each writes a frame of its own.</summary>
internal sealed class ConvolutionSlices
{
    private readonly StoredTensor _weight;
    private readonly float[]? _bias;

    public ConvolutionSlices(StoredTensor weight, StoredTensor? bias)
    {
        _weight = weight;
        _bias = bias?.ReadSingle();
    }

    /// <summary>Output channels of the whole.</summary>
    public int Outputs => checked((int)_weight.Rows);

    /// <summary>The convolution for some output channels.</summary>
    /// <param name="first">First output channel.</param>
    /// <param name="count">Output channels.</param>
    /// <param name="geometry">Strides and zeros.</param>
    public Convolution Take(int first, int count, ConvolutionGeometry geometry)
    {
        float[] rows = new float[checked(count * _weight.RowLength)];
        _weight.ReadSingle(first * _weight.RowLength, rows);
        long[] shape = [count, .. _weight.Shape.Skip(1)];
        StoredTensor weight = StoredTensor.FromValues<float>($"{_weight.Name}[{first}..{first + count}]", shape, rows);
        StoredTensor? bias = _bias is null ? null : StoredTensor.FromValues<float>("bias", [count], _bias.AsSpan(first, count));
        return new Convolution(weight, bias, geometry);
    }
}
