using Tessera.Attention;

namespace Tessera.Wan.SelfAttention;

/// <summary>What runs the plans of self-attention.</summary>
/// <param name="Backends">Backends in order of preference.</param>
/// <param name="Backend">Name of one of them, or <see cref="BackendSelector.Auto"/>.</param>
public sealed record KernelSettings(BackendSelector Backends, string Backend = BackendSelector.Auto)
{
    /// <summary>Default of <see cref="MemoryLimit"/>.</summary>
    public const long DefaultMemoryLimit = 128L << 20;

    /// <summary>
    /// Bytes that compiled kernels may hold between calls. What does not fit is compiled in each call, which costs milliseconds where the
    /// call takes seconds: memory does not grow with layers and step groups.
    /// </summary>
    public long MemoryLimit { get; init; } = DefaultMemoryLimit;
}
