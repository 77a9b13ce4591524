namespace Tessera.Cuda.Driver;

/// <summary>A kernel of a loaded module.</summary>
internal sealed class LoadedKernel(nint function, KernelAttributes attributes)
{
    public nint Function { get; } = function;

    public KernelAttributes Attributes { get; } = attributes;

    /// <summary>Dynamic shared memory that it was opted in to.</summary>
    public int OptedInSharedBytes { get; set; } = LargestWithoutOptIn;

    /// <summary>Dynamic shared memory that every kernel may have without opting in.</summary>
    public const int LargestWithoutOptIn = 48 << 10;
}
