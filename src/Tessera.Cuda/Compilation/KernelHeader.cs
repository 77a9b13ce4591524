namespace Tessera.Cuda.Compilation;

/// <summary>A file that kernels include.</summary>
/// <param name="Name">Name in the include line.</param>
/// <param name="Text">Content.</param>
internal sealed record KernelHeader(string Name, string Text);
