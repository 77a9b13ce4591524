using System.Diagnostics.CodeAnalysis;

namespace Tessera.Cuda.Driver;

/// <summary>
/// A queue of work on the device (CUstream). It owns nothing: callers who already have a stream wrap its handle, as PyTorch's
/// <c>cuda_stream</c> gives it.
/// </summary>
/// <param name="Handle">The handle; 0 is the default stream.</param>
[SuppressMessage("Naming", "CA1711", Justification = "A CUDA stream, by the name everyone knows it.")]
public readonly record struct CudaStream(nint Handle)
{
    /// <summary>The default stream of the device.</summary>
    public static CudaStream Default => default;
}
