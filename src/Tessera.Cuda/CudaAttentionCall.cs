using System.Diagnostics.CodeAnalysis;
using Tessera.Attention;
using Tessera.Cuda.Driver;

namespace Tessera.Cuda;

/// <summary>One call over memory that already lies on the device. Tensors are in natural token order, as everywhere.</summary>
public sealed record CudaAttentionCall
{
    /// <summary>[B, H, Lq, D].</summary>
    public required CudaTensor Query { get; init; }

    /// <summary>[B, H, Lk, D].</summary>
    public required CudaTensor Key { get; init; }

    /// <summary>[B, H, Lk, D].</summary>
    public required CudaTensor Value { get; init; }

    /// <summary>[B, H, Lq, D]; must not overlap the others.</summary>
    public required CudaTensor Output { get; init; }

    /// <summary>binary32 [B, H, Lq], dense, for the natural log-sum-exp of each row; null for none.</summary>
    public DevicePointer LogSumExp { get; init; }

    /// <summary>Rotary embedding of Q and K; null when there is none or they are turned already.</summary>
    public RotaryEmbedding? Rotary { get; init; }

    /// <summary>Checks everything that a caller can get wrong and an address does not show later.</summary>
    /// <exception cref="ArgumentException">Something does not fit; the message says what, what it is and what to do.</exception>
    internal void RequireFits(AttentionPlan plan)
    {
        AttentionShape shape = plan.Shape;
        Query.RequireFits(nameof(Query), shape, shape.QueryLength);
        Key.RequireFits(nameof(Key), shape, shape.KeyLength);
        Value.RequireFits(nameof(Value), shape, shape.KeyLength);
        Output.RequireFits(nameof(Output), shape, shape.QueryLength);
        Output.RequireDistinctRows(nameof(Output), shape, shape.QueryLength);
        if (LogSumExp.Address % sizeof(float) != 0)
        {
            Refuse(
                nameof(LogSumExp),
                $"LogSumExp begins at {LogSumExp}; it is binary32 [batch, heads, queries]: it needs an address that 4 divides.");
        }

        if (Rotary is not null
            && (Rotary.Channels != shape.HeadDim || Rotary.Tokens != shape.QueryLength || Rotary.Tokens != shape.KeyLength))
        {
            Refuse(
                nameof(Rotary),
                $"The rotary embedding turns {Rotary.Tokens} tokens of {Rotary.Channels} channels, the plan is for {shape}; make another.");
        }
    }

    [DoesNotReturn]
    private static void Refuse(string name, FormattableString fault) =>
        throw new ArgumentException(FormattableString.Invariant(fault), name);
}
