namespace Tessera.Cuda.Compilation;

/// <summary>A file of the kernel cache that is not what was written.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record CacheDamage(string Path, string Reason);
