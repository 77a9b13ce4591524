using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tessera.Neural.Checkpoints;
using Tessera.Numerics;
using Tessera.Serialization;

namespace Tessera.Wan.Conversion;

/// <summary>
/// Writes one part of a model as a safetensors file under the model's own names, with its matrices in another format. Weights are streamed:
/// memory does not grow with the model.
/// </summary>
/// <remarks>
/// <para>16-bit formats take every matrix; 8-bit formats the matrices of blocks, which are nearly all of the model, and leave embeddings
/// and the head, through which every token passes once, as they are. Biases, norms, modulation and position tables stay as stored.</para>
/// <para>FP8: <c>scale = max|w| / 448</c> over the matrix, <c>code = round(w / scale)</c>, stored as <c>layer.scale_weight</c> with the
/// mark <c>scaled_fp8</c>, as repackaged files have it. INT8: <c>scale = max|w| / 127</c> over a row, stored as <c>layer.weight.scale</c>
/// [rows]. Rows of zeros have the scale 1.</para>
/// </remarks>
public sealed class WeightConversion
{
    private const string Weight = ".weight";
    private const string Mark = "scaled_fp8";
    private const float LargestFloat8 = 448;
    private const float LargestInt8 = 127;
    private const int Part = 1 << 16;

    private readonly Checkpoint _weights;
    private readonly WeightFormat? _format;

    /// <summary>Plans a conversion.</summary>
    /// <param name="weights">The weights; they stay the caller's.</param>
    /// <param name="format">Format of the matrices, or null to keep what is stored.</param>
    public WeightConversion(Checkpoint weights, WeightFormat? format)
    {
        ArgumentNullException.ThrowIfNull(weights);
        _weights = weights;
        _format = format;
    }

    /// <summary>Bytes of the data to be written.</summary>
    public long ByteLength => _weights.Names.Sum(name =>
    {
        TensorDescription tensor = _weights.Describe(name);
        return tensor.ElementCount * (Converts(tensor, name) ? TypeOf(_format!.Value) : StoredType(name)).ByteSize();
    });

    /// <summary>Writes the file under a temporary name and renames it.</summary>
    /// <param name="path">The file; replaced when it exists.</param>
    /// <param name="written">Told the bytes of each tensor that is done.</param>
    /// <param name="cancellationToken">Polled within tensors; then there is no file.</param>
    /// <exception cref="CheckpointFormatException">A weight is NaN or infinite, or too large for the format; the message names
    /// it.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path, IProgress<long>? written = null, CancellationToken cancellationToken = default)
    {
        SafetensorsWriter writer = new();
        foreach (string name in _weights.Names)
        {
            TensorDescription tensor = _weights.Describe(name);
            bool converts = Converts(tensor, name);
            TensorDataType type = converts ? TypeOf(_format!.Value) : StoredType(name);
            Lazy<float[]> scales = new(() => converts ? Scales(name, cancellationToken) : []);
            writer.Add(name, type, [.. tensor.Shape], stream =>
            {
                Write(stream, name, type, scales.Value, cancellationToken);
                written?.Report(tensor.ElementCount * type.ByteSize());
            });
            AddScales(writer, name, tensor, converts, scales);
        }

        if (_format == WeightFormat.Float8)
        {
            writer.Add<Float8E4M3>(Mark, [0], Array.Empty<Float8E4M3>());
        }

        writer.Save(path);
    }

    private static TensorDataType TypeOf(WeightFormat format) => format switch
    {
        WeightFormat.BFloat16 => TensorDataType.BFloat16,
        WeightFormat.Float16 => TensorDataType.Float16,
        WeightFormat.Float8 => TensorDataType.Float8E4M3,
        _ => TensorDataType.Int8,
    };

    private void AddScales(SafetensorsWriter writer, string name, TensorDescription tensor, bool converts, Lazy<float[]> scales)
    {
        if (converts && _format is WeightFormat.Float8 or WeightFormat.Int8)
        {
            (string scaleName, long[] shape) = _format == WeightFormat.Float8
                ? ($"{name[..^Weight.Length]}.scale_weight", [])
                : ($"{name}.scale", (long[])[tensor.Shape[0]]);
            writer.Add(scaleName, TensorDataType.Float32, shape, stream => stream.Write(MemoryMarshal.AsBytes(scales.Value.AsSpan())));
        }
    }

    private bool Converts(TensorDescription tensor, string name)
    {
        bool isMatrix = tensor.Shape.Count > 1 && name.EndsWith(Weight, StringComparison.Ordinal)
            && !name.Contains(".pos_embedding.", StringComparison.Ordinal);
        return isMatrix && _format switch
        {
            null => false,
            WeightFormat.BFloat16 or WeightFormat.Float16 => true,
            _ => name.StartsWith("blocks.", StringComparison.Ordinal),
        };
    }

    /// <summary>Type of a tensor that is not converted: its own, or binary32 where it has scales.</summary>
    private TensorDataType StoredType(string name) =>
        _weights[name] is { Scales.IsEmpty: true } tensor ? tensor.DataType : TensorDataType.Float32;

    /// <summary>Scales of a matrix: none, one, or one for each row.</summary>
    private float[] Scales(string name, CancellationToken cancellationToken)
    {
        if (_format is not (WeightFormat.Float8 or WeightFormat.Int8))
        {
            return [];
        }

        StoredTensor tensor = _weights[name];
        float[] largest = new float[tensor.Rows];
        ForEachPart(
            tensor,
            (row, values) =>
            {
                RequireFinite(name, values);
                largest[row] = Math.Max(largest[row], Math.Abs(TensorPrimitives.MaxMagnitude<float>(values)));
            },
            cancellationToken);
        (float[] groups, float code) = _format == WeightFormat.Int8 ? (largest, LargestInt8) : ([largest.Max()], LargestFloat8);
        return [.. groups.Select(most => most == 0 ? 1 : most / code)];
    }

    private void Write(Stream stream, string name, TensorDataType type, float[] scales, CancellationToken cancellationToken)
    {
        StoredTensor tensor = _weights[name];
        if (tensor.DataType == type && tensor.Scales.IsEmpty && scales.Length == 0)
        {
            for (long start = 0; start < tensor.ElementCount; start += Part)
            {
                cancellationToken.ThrowIfCancellationRequested();
                stream.Write(tensor.Bytes(start, (int)Math.Min(Part, tensor.ElementCount - start)));
            }
        }
        else
        {
            byte[] encoded = new byte[Part * type.ByteSize()];
            ForEachPart(
                tensor,
                (row, values) =>
                {
                    RequireFinite(name, values);
                    if (scales.Length > 0)
                    {
                        TensorPrimitives.Divide(values, scales[scales.Length == 1 ? 0 : row], values);
                    }

                    stream.Write(Encode(name, values, type, encoded));
                },
                cancellationToken);
        }

        tensor.Release();
    }

    private static void ForEachPart(StoredTensor tensor, PartAction action, CancellationToken cancellationToken)
    {
        float[] values = new float[(int)Math.Min(Part, Math.Max(1, tensor.RowLength))];
        for (long row = 0; row < tensor.Rows; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (long column = 0; column < tensor.RowLength; column += values.Length)
            {
                Span<float> part = values.AsSpan(0, (int)Math.Min(values.Length, tensor.RowLength - column));
                tensor.ReadSingle((row * tensor.RowLength) + column, part);
                action((int)row, part);
            }
        }
    }

    private ReadOnlySpan<byte> Encode(string name, ReadOnlySpan<float> values, TensorDataType type, byte[] encoded)
    {
        Span<byte> codes = encoded.AsSpan(0, values.Length * type.ByteSize());
        switch (type)
        {
            case TensorDataType.BFloat16:
                BFloat16.ConvertFromSingle(values, MemoryMarshal.Cast<byte, BFloat16>(codes));
                break;
            case TensorDataType.Float16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(codes);
                TensorPrimitives.ConvertToHalf(values, halves);
                if (!TensorPrimitives.IsFiniteAll<Half>(halves))
                {
                    throw new CheckpointFormatException($"{_weights.Source}: tensor '{name}' holds numbers too large for f16; take bf16.");
                }

                break;
            case TensorDataType.Float8E4M3:
                Float8E4M3.ConvertFromSingle(values, MemoryMarshal.Cast<byte, Float8E4M3>(codes));
                break;
            case TensorDataType.Int8:
                for (int i = 0; i < values.Length; i++)
                {
                    codes[i] = (byte)(sbyte)Math.Clamp(MathF.Round(values[i]), -LargestInt8, LargestInt8);
                }

                break;
            default:
                values.CopyTo(MemoryMarshal.Cast<byte, float>(codes));
                break;
        }

        return codes;
    }

    private void RequireFinite(string name, ReadOnlySpan<float> values)
    {
        if (!TensorPrimitives.IsFiniteAll(values))
        {
            throw new CheckpointFormatException($"{_weights.Source}: tensor '{name}' holds NaN or infinity, which has no code.");
        }
    }

    private delegate void PartAction(int row, Span<float> values);
}
