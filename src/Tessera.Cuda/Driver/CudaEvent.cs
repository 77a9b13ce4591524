namespace Tessera.Cuda.Driver;

/// <summary>A mark in a stream whose time can be read (CUevent). It owns nothing.</summary>
/// <param name="Handle">The handle.</param>
public readonly record struct CudaEvent(nint Handle);
