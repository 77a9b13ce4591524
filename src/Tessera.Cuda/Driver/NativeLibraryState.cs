namespace Tessera.Cuda.Driver;

/// <summary>Whether a native library was found.</summary>
/// <param name="Name">What it is, for messages: <c>CUDA driver</c>, <c>NVRTC</c>.</param>
/// <param name="Handle">Handle of the loaded library; 0 when there is none.</param>
/// <param name="File">File or name under which it loaded.</param>
/// <param name="Fault">Why it did not load; null when it did.</param>
internal sealed record NativeLibraryState(string Name, nint Handle, string? File, string? Fault)
{
    public bool IsLoaded => Handle != 0;
}
