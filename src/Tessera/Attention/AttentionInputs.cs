using System.Numerics.Tensors;
using Tessera.Numerics;

namespace Tessera.Attention;

/// <summary>
/// Query, key and value of one call, [batch, heads, tokens, channels] with any strides whose last dimension is dense, in natural token
/// order; each of binary32, bfloat16 or binary16, and with a rotary embedding when the caller has not turned Q and K itself.
/// </summary>
public readonly ref struct AttentionInputs
{
    private readonly RotaryEmbedding? _rotary;

    /// <summary>
    /// Wraps the three tensors. [batch, tokens, heads, channels] data is passed as a view with permuted strides; nothing is copied.
    /// </summary>
    /// <param name="query">[B, H, Lq, D].</param>
    /// <param name="key">[B, H, Lk, D].</param>
    /// <param name="value">[B, H, Lk, D].</param>
    /// <exception cref="ArgumentException">A tensor is not 4-D, the sizes disagree, or the channels are not contiguous.</exception>
    public AttentionInputs(InputTensor query, InputTensor key, InputTensor value)
    {
        query.RequireLayout(nameof(query));
        key.RequireLayout(nameof(key));
        value.RequireLayout(nameof(value));
        if ((key.Batch, key.Heads, key.Channels) != (query.Batch, query.Heads, query.Channels)
            || (key.Batch, key.Heads, key.Tokens, key.Channels) != (value.Batch, value.Heads, value.Tokens, value.Channels))
        {
            throw new ArgumentException(
                $"query [{query.Describe()}], key [{key.Describe()}] and value [{value.Describe()}] disagree; "
                    + "wanted [B,H,Lq,D], [B,H,Lk,D] and [B,H,Lk,D].",
                nameof(key));
        }

        Query = query;
        Key = key;
        Value = value;
    }

    /// <summary>Wraps three binary32 tensors.</summary>
    /// <inheritdoc cref="AttentionInputs(InputTensor, InputTensor, InputTensor)"/>
    public AttentionInputs(ReadOnlyTensorSpan<float> query, ReadOnlyTensorSpan<float> key, ReadOnlyTensorSpan<float> value)
        : this(new InputTensor(query), new InputTensor(key), new InputTensor(value))
    {
    }

    /// <summary>Wraps dense [B, H, L, D] data.</summary>
    /// <exception cref="ArgumentException">A span is shorter than the shape says.</exception>
    public AttentionInputs(AttentionShape shape, ReadOnlySpan<float> query, ReadOnlySpan<float> key, ReadOnlySpan<float> value)
        : this(
            new InputTensor(Dense(shape, shape.QueryLength, query)), new InputTensor(Dense(shape, shape.KeyLength, key)),
            new InputTensor(Dense(shape, shape.KeyLength, value)))
    {
    }

    /// <summary>Wraps dense [B, H, L, D] data of bfloat16.</summary>
    /// <inheritdoc cref="AttentionInputs(AttentionShape, ReadOnlySpan{float}, ReadOnlySpan{float}, ReadOnlySpan{float})"/>
    public AttentionInputs(AttentionShape shape, ReadOnlySpan<BFloat16> query, ReadOnlySpan<BFloat16> key, ReadOnlySpan<BFloat16> value)
        : this(
            new InputTensor(Dense(shape, shape.QueryLength, query)), new InputTensor(Dense(shape, shape.KeyLength, key)),
            new InputTensor(Dense(shape, shape.KeyLength, value)))
    {
    }

    /// <summary>Wraps dense [B, H, L, D] data of binary16.</summary>
    /// <inheritdoc cref="AttentionInputs(AttentionShape, ReadOnlySpan{float}, ReadOnlySpan{float}, ReadOnlySpan{float})"/>
    public AttentionInputs(AttentionShape shape, ReadOnlySpan<Half> query, ReadOnlySpan<Half> key, ReadOnlySpan<Half> value)
        : this(
            new InputTensor(Dense(shape, shape.QueryLength, query)), new InputTensor(Dense(shape, shape.KeyLength, key)),
            new InputTensor(Dense(shape, shape.KeyLength, value)))
    {
    }

    /// <summary>Queries, as attention sees them.</summary>
    public InputTensor Query { get; private init; }

    /// <summary>Keys, as attention sees them.</summary>
    public InputTensor Key { get; private init; }

    /// <summary>Values.</summary>
    public InputTensor Value { get; }

    /// <summary>
    /// Rotary position embedding of Q and K; null when there is none or the tensors are turned already. Rows are turned while they are
    /// read: <c>inputs with { Rotary = rotary }</c> costs no pass over memory.
    /// </summary>
    /// <exception cref="ArgumentException">The embedding is for other tokens or channels than Q and K have.</exception>
    public RotaryEmbedding? Rotary
    {
        get => _rotary;
        init
        {
            if (value is not null)
            {
                Require(value, Query, "query");
                Require(value, Key, "key");
            }

            _rotary = value;
            Query = Query.WithRotary(value);
            Key = Key.WithRotary(value);
        }
    }

    /// <summary>Sizes.</summary>
    public AttentionShape Shape => new(Query.Batch, Query.Heads, Query.Tokens, Key.Tokens, Query.Channels);

    private static ReadOnlyTensorSpan<T> Dense<T>(AttentionShape shape, int tokens, ReadOnlySpan<T> data) =>
        new(data, [shape.Batch, shape.Heads, tokens, shape.HeadDim]);

    private static void Require(RotaryEmbedding rotary, InputTensor tensor, string name)
    {
        if (rotary.Tokens != tensor.Tokens || rotary.Channels != tensor.Channels)
        {
            throw new ArgumentException(
                $"The rotary embedding turns {rotary.Tokens} tokens of {rotary.Channels} channels, {name} is [{tensor.Describe()}]; "
                    + "make one for these sizes.",
                nameof(rotary));
        }
    }
}
