using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Numerics;
using Tessera.Quantization;

namespace Tessera.TestKit;

/// <summary>Inputs in a 16-bit type, and the binary32 inputs that hold the same numbers.</summary>
public sealed class NarrowInputs
{
    private readonly AttentionShape _shape;
    private readonly Operand _query;
    private readonly Operand _key;
    private readonly Operand _value;

    /// <summary>Rounds inputs, each operand to a format of its own: BFloat16, Float16 or Float32.</summary>
    public NarrowInputs(SeededInputs inputs, NumberFormat query, NumberFormat key, NumberFormat value)
    {
        _shape = inputs.Shape;
        _query = new Operand(inputs.Query, query);
        _key = new Operand(inputs.Key, key);
        _value = new Operand(inputs.Value, value);
    }

    public NarrowInputs(SeededInputs inputs, NumberFormat format)
        : this(inputs, format, format, format)
    {
    }

    /// <summary>The numbers in binary32.</summary>
    public AttentionInputs Widened => new(_shape, _query.Singles, _key.Singles, _value.Singles);

    /// <summary>The numbers in their own types.</summary>
    public AttentionInputs Inputs => new(
        _query.Tensor(_shape, _shape.QueryLength), _key.Tensor(_shape, _shape.KeyLength), _value.Tensor(_shape, _shape.KeyLength));

    private sealed class Operand
    {
        private readonly NumberFormat _format;
        private readonly BFloat16[] _brain = [];
        private readonly Half[] _halves = [];

        public Operand(float[] values, NumberFormat format)
        {
            _format = format;
            _brain = format == NumberFormat.BFloat16 ? Array.ConvertAll(values, static x => (BFloat16)x) : [];
            _halves = format == NumberFormat.Float16 ? Array.ConvertAll(values, static x => (Half)x) : [];
            Singles = format switch
            {
                NumberFormat.BFloat16 => Array.ConvertAll(_brain, static x => (float)x),
                NumberFormat.Float16 => Array.ConvertAll(_halves, static x => (float)x),
                _ => values,
            };
        }

        public float[] Singles { get; }

        public InputTensor Tensor(AttentionShape shape, int tokens)
        {
            nint[] lengths = [shape.Batch, shape.Heads, tokens, shape.HeadDim];
            return _format switch
            {
                NumberFormat.BFloat16 => new ReadOnlyTensorSpan<BFloat16>(_brain, lengths),
                NumberFormat.Float16 => new ReadOnlyTensorSpan<Half>(_halves, lengths),
                _ => new ReadOnlyTensorSpan<float>(Singles, lengths),
            };
        }
    }
}
