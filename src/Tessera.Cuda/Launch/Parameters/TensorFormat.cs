namespace Tessera.Cuda.Launch.Parameters;

/// <summary>Number formats of tensors in the caller's memory.</summary>
internal enum TensorFormat
{
    /// <summary>binary32.</summary>
    Float32 = 0,

    /// <summary>bfloat16.</summary>
    BFloat16 = 1,

    /// <summary>binary16.</summary>
    Float16 = 2,
}
