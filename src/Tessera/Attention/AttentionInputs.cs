using System.Numerics.Tensors;

namespace Tessera.Attention;

/// <summary>
/// Query, key and value of one call, float32, [batch, heads, tokens, channels] with any strides whose last dimension is dense, in natural
/// token order.
/// </summary>
public readonly ref struct AttentionInputs
{
    /// <summary>
    /// Wraps the three tensors. [batch, tokens, heads, channels] data is passed as a view with permuted strides; nothing is copied.
    /// </summary>
    /// <param name="query">[B, H, Lq, D].</param>
    /// <param name="key">[B, H, Lk, D].</param>
    /// <param name="value">[B, H, Lk, D].</param>
    /// <exception cref="ArgumentException">A tensor is not 4-D, the sizes disagree, or the channels are not contiguous.</exception>
    public AttentionInputs(ReadOnlyTensorSpan<float> query, ReadOnlyTensorSpan<float> key, ReadOnlyTensorSpan<float> value)
    {
        RequireLayout(query, nameof(query));
        RequireLayout(key, nameof(key));
        RequireLayout(value, nameof(value));
        for (int axis = 0; axis < 4; axis++)
        {
            if (key.Lengths[axis] != value.Lengths[axis] || (axis != 2 && key.Lengths[axis] != query.Lengths[axis]))
            {
                throw new ArgumentException(
                    $"query [{Describe(query)}], key [{Describe(key)}] and value [{Describe(value)}] disagree; "
                        + "wanted [B,H,Lq,D], [B,H,Lk,D] and [B,H,Lk,D].",
                    nameof(key));
            }
        }

        Query = query;
        Key = key;
        Value = value;
    }

    /// <summary>Wraps dense [B, H, L, D] data.</summary>
    /// <exception cref="ArgumentException">A span is shorter than the shape says.</exception>
    public AttentionInputs(AttentionShape shape, ReadOnlySpan<float> query, ReadOnlySpan<float> key, ReadOnlySpan<float> value)
        : this(
            new ReadOnlyTensorSpan<float>(query, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]),
            new ReadOnlyTensorSpan<float>(key, [shape.Batch, shape.Heads, shape.KeyLength, shape.HeadDim]),
            new ReadOnlyTensorSpan<float>(value, [shape.Batch, shape.Heads, shape.KeyLength, shape.HeadDim]))
    {
    }

    /// <summary>Queries.</summary>
    public ReadOnlyTensorSpan<float> Query { get; }

    /// <summary>Keys.</summary>
    public ReadOnlyTensorSpan<float> Key { get; }

    /// <summary>Values.</summary>
    public ReadOnlyTensorSpan<float> Value { get; }

    /// <summary>Sizes.</summary>
    public AttentionShape Shape =>
        new((int)Query.Lengths[0], (int)Query.Lengths[1], (int)Query.Lengths[2], (int)Key.Lengths[2], (int)Query.Lengths[3]);

    private static void RequireLayout(ReadOnlyTensorSpan<float> tensor, string name)
    {
        if (tensor.Rank != 4)
        {
            throw new ArgumentException($"{name} has {tensor.Rank} dimensions; wanted [batch, heads, tokens, channels].", name);
        }

        if (tensor.Lengths[3] > 1 && tensor.Strides[3] != 1)
        {
            throw new ArgumentException(
                $"{name} has stride {tensor.Strides[3]} between channels; wanted 1 (channels must be contiguous).", name);
        }
    }

    private static string Describe(ReadOnlyTensorSpan<float> tensor) => string.Join(", ", tensor.Lengths.ToArray());
}
