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

    /// <summary>binary32 [B, H, Lq] for the natural log-sum-exp of each row; null for none.</summary>
    public DevicePointer LogSumExp { get; init; }

    /// <summary>Rotary embedding of Q and K; null when there is none or they are turned already.</summary>
    public RotaryEmbedding? Rotary { get; init; }
}
