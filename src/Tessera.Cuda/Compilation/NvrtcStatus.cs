namespace Tessera.Cuda.Compilation;

/// <summary>nvrtcResult: the codes that this package tells apart.</summary>
internal enum NvrtcStatus
{
    Success = 0,
    OutOfMemory = 1,
    InvalidInput = 3,
    InvalidOption = 5,
    Compilation = 6,
    BuiltinOperationFailure = 7,
}
